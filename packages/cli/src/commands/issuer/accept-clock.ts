import { isMayflyError } from '@mayfly/ca-core'
import { acceptClockAtRest, readIssuerConfiguration } from '@mayfly/issuer-daemon'
import type { JsonOf } from '../../json/json-fields.ts'
import type { Answer } from '../../terminal/answer.ts'
import { type AdminOptions, openAdmin } from '../admin.ts'
import type { Session } from '../session.ts'
import type { issuerAcceptClockJson } from './issuer-json.ts'

export interface AcceptClockOptions extends AdminOptions {
  readonly json?: boolean
}

/** An issuer that is started again and again for its clock has the store for a moment each time. */
const attemptsMax = 20
const pauseMs = 250

/** `mayfly issuer accept-clock` */
export async function issuerAcceptClock(
  options: AcceptClockOptions,
  session: Session,
): Promise<Answer<JsonOf<typeof issuerAcceptClockJson>>> {
  try {
    await (await openAdmin(options, session)).acceptClock()
  } catch (error) {
    // Whoever names a socket means the issuer that listens there.
    if (!isMayflyError(error, 'transport-failed') || options.socket !== undefined) throw error
    await acceptAtRest(options, session)
  }
  return { json: { accepted: true }, lines: ["The issuer's clock counts as right from now on."] }
}

/** Where the clock keeps the issuer from starting, nobody answers: then it is said to the store itself. */
async function acceptAtRest(options: AcceptClockOptions, session: Session): Promise<void> {
  const { store } = await readIssuerConfiguration(session.fileSystem, options.config)
  for (let attempt = 1; ; attempt++) {
    try {
      await acceptClockAtRest(store, session)
      return
    } catch (error) {
      if (attempt === attemptsMax || !isMayflyError(error, 'already-running')) throw error
      await session.clock.sleep(pauseMs)
    }
  }
}
