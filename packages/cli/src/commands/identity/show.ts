import type { JsonOf } from '../../json/json-fields.ts'
import type { Answer } from '../../terminal/answer.ts'
import { type AdminOptions, openAdmin } from '../admin.ts'
import type { Session } from '../session.ts'
import { describeIdentity } from './describe-identity.ts'
import type { identityJson } from './identity-json.ts'

export interface IdentityOptions extends AdminOptions {
  readonly identity: string
  readonly json?: boolean
}

/** `mayfly identity show` */
export async function identityShow(
  options: IdentityOptions,
  session: Session,
): Promise<Answer<JsonOf<typeof identityJson>>> {
  const identity = await (await openAdmin(options, session)).showIdentity(options.identity)
  return { json: identity, lines: describeIdentity(identity) }
}
