import type { Answer } from '../../terminal/answer.ts'
import { type AdminOptions, openAdmin } from '../admin.ts'
import type { Session } from '../session.ts'
import { describeIdentity } from './describe-identity.ts'

export interface IdentityOptions extends AdminOptions {
  readonly identity: string
  readonly json?: boolean
}

/** `mayfly identity show` */
export async function identityShow(options: IdentityOptions, session: Session): Promise<Answer> {
  const identity = await (await openAdmin(options, session)).showIdentity(options.identity)
  return { json: identity, lines: describeIdentity(identity) }
}
