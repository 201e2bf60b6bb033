import type { JsonOf } from '../../json/json-fields.ts'
import type { Answer } from '../../terminal/answer.ts'
import { openAdmin } from '../admin.ts'
import type { Session } from '../session.ts'
import { describeIdentity } from './describe-identity.ts'
import type { identityJson } from './identity-json.ts'
import type { IdentityOptions } from './show.ts'

/** `mayfly identity suspend` */
export async function identitySuspend(
  options: IdentityOptions,
  session: Session,
): Promise<Answer<JsonOf<typeof identityJson>>> {
  const identity = await (await openAdmin(options, session)).suspendIdentity(options.identity)
  const until =
    identity.newest === undefined
      ? []
      : ['', `Its last certificate is valid until ${identity.newest.notAfter}.`]
  return { json: identity, lines: [...describeIdentity(identity), ...until] }
}
