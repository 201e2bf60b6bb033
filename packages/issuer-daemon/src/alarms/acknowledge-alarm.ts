import { MayflyError } from '@mayfly/ca-core'
import type { AuditAttempt } from '../audit/audit-attempt.ts'
import type { IssuerPorts } from '../issuing/issuer-ports.ts'
import type { ChangePart } from '../store/change.ts'
import { acceptedHistoryNote, type KeptAlarmKind, noteName } from './kept-alarms.ts'

/** An operator has looked into it: the alarm goes, the audit says who took it away. @throws MayflyError `not-found` */
export async function acknowledgeAlarm(
  because: KeptAlarmKind,
  attempt: AuditAttempt,
  { store, clock }: IssuerPorts,
): Promise<void> {
  const name = noteName(because)
  const text = await store.note(name)
  if (text === undefined) throw new MayflyError('not-found', `There is no alarm "${because}".`)
  const at = clock.now()
  const ending = attempt.ending(at, { outcome: 'done', reason: because, details: { alarm: text } })
  const parts: ChangePart[] = [{ do: 'set-note', name }, ending]
  // Who has read of a restore has not thereby looked into a history that was rewritten after it.
  if (because === 'history-contradicted') {
    parts.push({ do: 'set-note', name: acceptedHistoryNote, text: String(at) })
  }
  await store.commit([{ at, parts }])
  attempt.concluded()
}
