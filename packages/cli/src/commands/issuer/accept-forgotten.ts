import type { Answer } from '../../terminal/answer.ts'
import { type AdminOptions, openAdmin } from '../admin.ts'
import type { Session } from '../session.ts'

export interface AcceptForgottenOptions extends AdminOptions {
  readonly json?: boolean
}

/** `mayfly issuer accept-forgotten` */
export async function issuerAcceptForgotten(
  options: AcceptForgottenOptions,
  session: Session,
): Promise<Answer> {
  const restored = await (await openAdmin(options, session)).acceptForgotten()
  return {
    json: restored,
    lines: [
      `Hosts with certificates from ${restored.backupAt} to ${restored.restoredAt} are taken up again when they ask.`,
    ],
  }
}
