import type { JsonOf } from '../../json/json-fields.ts'
import type { Answer } from '../../terminal/answer.ts'
import { type AdminOptions, openAdmin } from '../admin.ts'
import type { Session } from '../session.ts'
import type { issuerAcceptForgottenJson } from './issuer-json.ts'

export interface AcceptForgottenOptions extends AdminOptions {
  readonly json?: boolean
}

/** `mayfly issuer accept-forgotten` */
export async function issuerAcceptForgotten(
  options: AcceptForgottenOptions,
  session: Session,
): Promise<Answer<JsonOf<typeof issuerAcceptForgottenJson>>> {
  const restored = await (await openAdmin(options, session)).acceptForgotten()
  return {
    json: restored,
    lines: [
      `Hosts with certificates from ${restored.backupAt} to ${restored.restoredAt} are taken up again when they ask.`,
    ],
  }
}
