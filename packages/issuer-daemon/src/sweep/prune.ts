import { addSeconds, type Instant } from '@mayfly/ca-core'
import { lastRecordBefore } from '../audit/prune-audit.ts'
import type { IssuerPorts } from '../issuing/issuer-ports.ts'
import type { PruneBounds } from '../store/store.ts'

/** Rows of each kind that are removed at once; the event loop turns in between. */
const prunedAtOnceMax = 500

/** Rounds in one sweep; what is left is for the next. */
const pruneRoundsMax = 100

/**
 * Removes certificates past their retention, nonces of requests that are stale by now, and tokens that expired
 * as long ago. Of each certificate one line stays in the log of issuance, for ever.
 */
export async function prune({ store, policy, clock }: IssuerPorts): Promise<number> {
  const now = clock.now()
  const bounds: PruneBounds = {
    expiredBefore: addSeconds(now, -policy.retentionSeconds),
    recoverableBefore: addSeconds(now, -Math.max(policy.retentionSeconds, policy.recoveryWindowSeconds)),
    noncesBefore: now,
    tokensBefore: addSeconds(now, -policy.retentionSeconds),
    ...(await auditBound(now, store, policy)),
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

async function auditBound(
  now: Instant,
  store: IssuerPorts['store'],
  { auditRetentionSeconds }: IssuerPorts['policy'],
): Promise<Pick<PruneBounds, 'auditThrough'>> {
  if (auditRetentionSeconds === undefined) return {}
  return { auditThrough: await lastRecordBefore(addSeconds(now, -auditRetentionSeconds), store) }
}
