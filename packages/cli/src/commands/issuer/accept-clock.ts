import type { Answer } from '../../terminal/answer.ts'
import { type AdminOptions, openAdmin } from '../admin.ts'
import type { Session } from '../session.ts'

export interface AcceptClockOptions extends AdminOptions {
  readonly json?: boolean
}

/** `mayfly issuer accept-clock` */
export async function issuerAcceptClock(options: AcceptClockOptions, session: Session): Promise<Answer> {
  await (await openAdmin(options, session)).acceptClock()
  return { json: { accepted: true }, lines: ["The issuer's clock counts as right from now on."] }
}
