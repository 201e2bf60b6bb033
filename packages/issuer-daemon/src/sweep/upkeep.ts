import { setImmediate as nextTurn } from 'node:timers/promises'
import { addSeconds, hourMs, type Instant } from '@mayfly/ca-core'
import type { IssuerPorts } from '../issuing/issuer-ports.ts'
import type { PruneBounds } from '../store/store.ts'

/** Rows of each kind that are removed at once; the event loop turns in between. */
const prunedAtOnceMax = 500

/** Rounds in one sweep; what is left is for the next. */
const pruneRoundsMax = 100

/** Segments that are packed in one sweep: more records than a busy issuer writes from one to the next. */
const packRoundsMax = 1_000

/** Nobody misses the room of an hour's rows, and to look for them at each sweep would cost more than they do. */
const pruneEveryMs: number = hourMs

/** What each sweep does for the store's size. */
export interface Upkeep {
  run(): Promise<void>
}

/** Packs the audit when that is due, and once an hour removes what is no longer needed; more often while much waits. */
export function createUpkeep(ports: IssuerPorts): Upkeep {
  const { clock } = ports
  let prunedAtMs: number | undefined
  return {
    async run() {
      await packAudit(clock.now(), ports)
      if (prunedAtMs !== undefined && clock.monotonic() - prunedAtMs < pruneEveryMs) return
      const startedMs = clock.monotonic()
      const isDone = await prune(ports)
      prunedAtMs = isDone ? startedMs : undefined
    },
  }
}

/**
 * Removes certificates past their retention, nonces of requests that are stale by now, and tokens that expired
 * as long ago. Of each certificate one line stays in the log of issuance, for ever. Tells whether that was all.
 */
async function prune({ store, policy, clock }: IssuerPorts): Promise<boolean> {
  const now = clock.now()
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
  for (let round = 0; round < pruneRoundsMax; round++) {
    if ((await store.prune(bounds)) < prunedAtOnceMax) return true
  }
  return false
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
