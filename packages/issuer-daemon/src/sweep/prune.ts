import { setImmediate as nextTurn } from 'node:timers/promises'
import { addSeconds, type Instant } from '@mayfly/ca-core'
import type { IssuerPorts } from '../issuing/issuer-ports.ts'
import type { PruneBounds } from '../store/store.ts'

/** Rows of each kind that are removed at once; the event loop turns in between. */
const prunedAtOnceMax = 500

/** Rounds in one sweep; what is left is for the next. */
const pruneRoundsMax = 100

/** Segments that are packed in one sweep: more records than a busy issuer writes from one to the next. */
const packRoundsMax = 1_000

/**
 * Removes certificates past their retention, nonces of requests that are stale by now, and tokens that expired
 * as long ago. Of each certificate one line stays in the log of issuance, for ever.
 */
export async function prune(ports: IssuerPorts): Promise<number> {
  const { store, policy, clock } = ports
  const now = clock.now()
  await packAudit(now, ports)
  const bounds: PruneBounds = {
    expiredBefore: addSeconds(now, -policy.retentionSeconds),
    recoverableBefore: addSeconds(now, -Math.max(policy.retentionSeconds, policy.recoveryWindowSeconds)),
    noncesBefore: now,
    tokensBefore: addSeconds(now, -policy.retentionSeconds),
    ...(policy.auditRetentionSeconds !== undefined && {
      auditBefore: addSeconds(now, -policy.auditRetentionSeconds),
    }),
    limit: prunedAtOnceMax,
  }
  let sum = 0
  for (let round = 0; round < pruneRoundsMax; round++) {
    const removed = await store.prune(bounds)
    sum += removed
    if (removed < prunedAtOnceMax) break
  }
  return sum
}

/** Packs what is old of the audit, a segment at a time; requests come in between. */
async function packAudit(
  now: Instant,
  { store, trace }: Pick<IssuerPorts, 'store' | 'trace'>,
): Promise<void> {
  for (let round = 0; round < packRoundsMax; round++) {
    const records = await store.packAudit(now)
    if (records === 0) return
    trace.step('audit.packed', { records })
    await nextTurn()
  }
}
