import { formatFingerprint } from '@mayfly/ca-core'
import { type Answer, columns, heading } from '../../terminal/answer.ts'
import { type AdminOptions, openAdmin } from '../admin.ts'
import type { Session } from '../session.ts'

export interface IssuerActivateOptions extends AdminOptions {
  readonly json?: boolean
}

/** `mayfly issuer activate` */
export async function issuerActivate(options: IssuerActivateOptions, session: Session): Promise<Answer> {
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
