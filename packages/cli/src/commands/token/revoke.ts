import type { JsonOf } from '../../json/json-fields.ts'
import type { Answer } from '../../terminal/answer.ts'
import { type AdminOptions, openAdmin } from '../admin.ts'
import type { Session } from '../session.ts'
import type { tokenRevokeJson } from './token-json.ts'

export interface TokenRevokeOptions extends AdminOptions {
  readonly jti: string
  readonly json?: boolean
}

/** `mayfly token revoke` */
export async function tokenRevoke(
  options: TokenRevokeOptions,
  session: Session,
): Promise<Answer<JsonOf<typeof tokenRevokeJson>>> {
  await (await openAdmin(options, session)).revokeToken(options.jti)
  return { json: { jti: options.jti, revoked: true }, lines: [`The token ${options.jti} was revoked.`] }
}
