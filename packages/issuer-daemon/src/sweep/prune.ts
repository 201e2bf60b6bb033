import { addSeconds } from '@mayfly/ca-core'
import type { IssuerPorts } from '../issuing/issuer-ports.ts'

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
  const bounds = {
    expiredBefore: addSeconds(now, -policy.retentionSeconds),
    recoverableBefore: addSeconds(now, -Math.max(policy.retentionSeconds, policy.recoveryWindowSeconds)),
    noncesBefore: now,
    tokensBefore: addSeconds(now, -policy.retentionSeconds),
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
