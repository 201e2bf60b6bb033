import type { JsonOf } from '../../json/json-fields.ts'
import type { Answer } from '../../terminal/answer.ts'
import { openAdmin } from '../admin.ts'
import type { Session } from '../session.ts'
import { describeIdentity } from './describe-identity.ts'
import type { identityResumedJson } from './identity-json.ts'
import type { IdentityOptions } from './show.ts'

/** `mayfly identity resume` */
export async function identityResume(
  options: IdentityOptions,
  session: Session,
): Promise<Answer<JsonOf<typeof identityResumedJson>>> {
  const { identity, lineageKept } = await (await openAdmin(options, session)).resumeIdentity(options.identity)
  const next = lineageKept
    ? 'Its host goes on by itself.'
    : `Its host needs a new token: mayfly token create ${identity.name}`
  return { json: { identity, lineageKept }, lines: [...describeIdentity(identity), '', next] }
}
