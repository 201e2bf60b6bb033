import { newRequestId } from '../api/request-id.ts'
import { openAttempt } from '../audit/audit-attempt.ts'
import { acceptClock } from '../issuing/accept-clock.ts'
import { openStore } from '../store/open-store.ts'
import type { OpenStorePorts } from '../store/open-store-ports.ts'
import type { StoreLocation } from '../store/store-location.ts'

/**
 * The same as `acceptClock` where no issuer runs: one whose store has seen a later time does not start, so nobody could
 * tell it that the time is right now.
 *
 * @throws MayflyError `already-running` where one has the store, and as `openStore`
 */
export async function acceptClockAtRest(location: StoreLocation, ports: OpenStorePorts): Promise<void> {
  const { clock, random } = ports
  const store = await openStore(location, ports)
  try {
    const opening = { requestId: newRequestId(random), action: 'clock.accept', address: 'local' }
    const attempt = openAttempt(opening, { store, now: () => clock.now() })
    attempt.learn({ actor: { kind: 'admin' } })
    await acceptClock(attempt, { store, clock })
  } finally {
    await store.close()
  }
}
