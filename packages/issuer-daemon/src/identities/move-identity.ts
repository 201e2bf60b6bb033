import type { AttemptEnding, AuditAttempt } from '../audit/audit-attempt.ts'
import { afterRefusal } from '../issuing/change-refusal.ts'
import type { Decided } from '../issuing/decide-again.ts'
import type { IssuerPorts } from '../issuing/issuer-ports.ts'
import type { IdentityRecord } from '../store/identity-record.ts'

/** Writes a decision about an identity together with the record of it. */
export async function moveIdentity(
  next: IdentityRecord,
  ending: AttemptEnding,
  attempt: AuditAttempt,
  { store, clock }: IssuerPorts,
): Promise<Decided<undefined>> {
  const at = clock.now()
  const [outcome] = await store.commit([
    { at, parts: [{ do: 'move-identity', next }, attempt.ending(at, ending)] },
  ])
  if (outcome?.done === false) return afterRefusal(outcome.refused)
  attempt.concluded()
  return { settled: true, result: undefined }
}
