import type { Instant } from '@mayfly/ca-core'
import type { AuditRecord } from '../audit/audit-record.ts'
import type { Change } from '../store/change.ts'
import type { DueIdentity } from '../store/identity-record.ts'
import type { Store } from '../store/store.ts'

/** A due identity that gets no certificate in this sweep, and what the audit says of it. */
export interface Failure {
  readonly identity: DueIdentity
  readonly record: AuditRecord
}

/**
 * Records why due identities get no certificate; resolves to how many they were.
 *
 * A key that is refused goes off the stage with its record, so that no later sweep finds it, and refuses it again. Its
 * host misses the certificate ten minutes after the time that it was promised, asks for the key again, and is told the
 * reason as long as there is one; afterwards the key is certified. What failed for a reason of ours stays staged.
 */
export async function setAside(
  failures: readonly Failure[],
  store: Pick<Store, 'identity' | 'commit'>,
  at: Instant,
): Promise<number> {
  const changes: Change[] = []
  for (const { identity, record } of failures) {
    const unstaging = record.outcome === 'refused' ? await unstage(identity, store) : []
    if (unstaging === 'moved') continue
    changes.push({ at, parts: [...unstaging, { do: 'append-audit', record }] })
  }
  if (changes.length === 0) return 0
  const outcomes = await store.commit(changes)
  return outcomes.filter(({ done }) => done).length
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
