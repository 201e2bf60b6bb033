import type { AuditAttempt } from '../audit/audit-attempt.ts'
import type { IssuerPorts } from './issuer-ports.ts'

/** The operator says that the clock is right now, and that the later time which the store has seen was wrong. */
export async function acceptClock(
  attempt: AuditAttempt,
  { store, clock }: Pick<IssuerPorts, 'store' | 'clock'>,
): Promise<void> {
  const at = clock.now()
  await store.commit([{ at, parts: [{ do: 'accept-clock' }, attempt.ending(at, { outcome: 'done' })] }])
  attempt.concluded()
}
