import type { Instant } from '@mayfly/ca-core'
import type { AuditRecord } from '../audit/audit-record.ts'
import type { Change } from '../store/change.ts'
import type { DueIdentity } from '../store/identity-record.ts'
import type { Store } from '../store/store.ts'
import type { SweepReport, WaitingKeys } from './sweep-report.ts'
import type { KeyFailure, ToldFailures } from './told-failures.ts'

/** A due identity that gets no certificate in this sweep, and what the audit says of it. */
export interface Failure {
  readonly identity: DueIdentity
  readonly record: AuditRecord
}

/** How many got none, and the keys that stay due. */
export type SetAside = Pick<SweepReport, 'failed' | 'waiting'>

/**
 * Records why due identities get no certificate; resolves to how many they were.
 *
 * A key that is refused goes off the stage with its record, so that no later sweep finds it, and refuses it again. Its
 * host misses the certificate ten minutes after the time that it was promised, asks for the key again, and is told the
 * reason as long as there is one; afterwards the key is certified. What failed for a reason of ours stays staged, and is
 * recorded once.
 */
export async function setAside(
  failures: readonly Failure[],
  { store, told }: { readonly store: Pick<Store, 'identity' | 'commit'>; readonly told: ToldFailures },
  at: Instant,
): Promise<SetAside> {
  const changes: Change[] = []
  const waiting: KeyFailure[] = []
  let known = 0
  for (const { identity, record } of failures) {
    const isRefused = record.outcome === 'refused'
    const failure = { identity, reason: record.reason ?? record.outcome }
    if (!isRefused) waiting.push(failure)
    if (!isRefused && told.isTold(failure)) {
      known++
      continue
    }
    const unstaging = isRefused ? await unstage(identity, store) : []
    if (unstaging === 'moved') continue
    changes.push({ at, parts: [...unstaging, { do: 'append-audit', record }] })
  }
  const outcomes = changes.length === 0 ? [] : await store.commit(changes)
  for (const failure of waiting) told.tell(failure)
  return {
    failed: known + outcomes.filter(({ done }) => done).length,
    ...(waiting.length > 0 && { waiting: waitingKeys(waiting) }),
  }
}

function waitingKeys(waiting: readonly KeyFailure[]): WaitingKeys {
  return { keys: waiting.length, because: [...new Set(waiting.map(({ reason }) => reason))] }
}

/** An identity that moved meanwhile may have another key on the stage: the next sweep decides on what is there then. */
async function unstage(
  { id, version }: DueIdentity,
  store: Pick<Store, 'identity'>,
): Promise<Change['parts'] | 'moved'> {
  const identity = await store.identity({ id })
  if (identity === undefined || identity.version !== version) return 'moved'
  const { staged: _, ...next } = identity
  return [{ do: 'move-identity', next }]
}
