import type { ProfileName } from '@mayfly/ca-core'
import type { JsonOf } from '../../json/json-fields.ts'
import type { Answer } from '../../terminal/answer.ts'
import { openAdmin } from '../admin.ts'
import type { Session } from '../session.ts'
import { describeIdentity } from './describe-identity.ts'
import type { identityJson } from './identity-json.ts'
import type { IdentityOptions } from './show.ts'

export interface IdentityAddOptions extends IdentityOptions {
  readonly profile?: ProfileName
  readonly name?: readonly string[]
}

/** `mayfly identity add` */
export async function identityAdd(
  options: IdentityAddOptions,
  session: Session,
): Promise<Answer<JsonOf<typeof identityJson>>> {
  const { identity: name, profile = 'server', name: names = [] } = options
  const identity = await (await openAdmin(options, session)).addIdentity({ name, profile, names })
  return { json: identity, lines: describeIdentity(identity) }
}
