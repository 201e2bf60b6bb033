import type { Answer } from '../../terminal/answer.ts'
import { type AdminOptions, openAdmin } from '../admin.ts'
import type { Session } from '../session.ts'

export interface TokenRevokeOptions extends AdminOptions {
  readonly jti: string
  readonly json?: boolean
}

/** `mayfly token revoke` */
export async function tokenRevoke(options: TokenRevokeOptions, session: Session): Promise<Answer> {
  await (await openAdmin(options, session)).revokeToken(options.jti)
  return { json: { jti: options.jti, revoked: true }, lines: [`The token ${options.jti} was revoked.`] }
}
