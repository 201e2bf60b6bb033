import { formatFingerprint } from '@mayfly/ca-core'
import type { JsonOf } from '../../json/json-fields.ts'
import { type Answer, columns, heading } from '../../terminal/answer.ts'
import { type AdminOptions, openAdmin } from '../admin.ts'
import type { Session } from '../session.ts'
import type { issuerActivateJson } from './issuer-json.ts'

export interface IssuerActivateOptions extends AdminOptions {
  readonly json?: boolean
}

/** `mayfly issuer activate` */
export async function issuerActivate(
  options: IssuerActivateOptions,
  session: Session,
): Promise<Answer<JsonOf<typeof issuerActivateJson>>> {
  const activated = await (await openAdmin(options, session)).activateAuthority()
  return {
    json: activated,
    lines: [
      heading('The prepared intermediate signs from now on.'),
      ...columns([
        ['Subject', activated.subject],
        ['SHA-256', formatFingerprint(activated.fingerprint)],
      ]),
    ],
  }
}
