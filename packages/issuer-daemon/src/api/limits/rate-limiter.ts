import { type Clock, MayflyError } from '@mayfly/ca-core'
import {
  fullBucket,
  isRefilled,
  type RateDecision,
  type RateLimit,
  type TokenBucket,
  takeFromBucket,
} from './token-bucket.ts'

/**
 * Callers remembered at once. A bucket is some hundred bytes, so a scan from a million addresses costs
 * some megabytes at most and can't fill the memory.
 */
export const rememberedCallersMax = 65_536

/** Buckets looked at for eviction when a new caller finds the limiter full. */
const evictionScan = 64

/** Counts per caller, in bounded memory. */
export interface RateLimiter {
  /** Counts one more. Throws `rate-limited` with the seconds to wait. */
  take(caller: string): void
  /** The same for where nobody could be told. */
  tryTake(caller: string): boolean
  /** Throws `rate-limited` where nothing is left, without counting. */
  check(caller: string): void
  /** Counts one more, and leaves it to a later `check` to refuse. */
  spend(caller: string): void
}

/** `what` names in the refusal what there was too much of. */
export function createRateLimiter(limit: RateLimit, clock: Clock, what: string): RateLimiter {
  // In the order of last use, so that the first entries are the ones to forget.
  const buckets = new Map<string, TokenBucket>()

  const decide = (caller: string): RateDecision => {
    // Monotonic: a jump of the wall clock must neither open nor close the door.
    const nowMs = clock.monotonic()
    return takeFromBucket(buckets.get(caller) ?? fullBucket(limit, nowMs), limit, nowMs)
  }
  const keep = (caller: string, bucket: TokenBucket): void => {
    buckets.delete(caller)
    if (buckets.size >= rememberedCallersMax) makeRoom(buckets, limit, clock.monotonic())
    buckets.set(caller, bucket)
  }
  const refuse = (decision: RateDecision): void => {
    if (!decision.allowed) throw rateLimited(what, decision.retryAfterSeconds)
  }

  const takeOne = (caller: string): RateDecision => {
    const decision = decide(caller)
    keep(caller, decision.bucket)
    return decision
  }

  return {
    take: (caller) => refuse(takeOne(caller)),
    tryTake: (caller) => takeOne(caller).allowed,
    check(caller) {
      refuse(decide(caller))
    },
    spend(caller) {
      keep(caller, decide(caller).bucket)
    },
  }
}

function makeRoom(buckets: Map<string, TokenBucket>, limit: RateLimit, nowMs: number): void {
  let scanned = 0
  for (const [caller, bucket] of buckets) {
    // The oldest goes in any case; further ones where forgetting them changes nothing.
    if (scanned === 0 || isRefilled(bucket, limit, nowMs)) buckets.delete(caller)
    scanned += 1
    if (scanned === evictionScan) return
  }
}

function rateLimited(what: string, afterSeconds: number): MayflyError {
  return new MayflyError('rate-limited', `Too many ${what}. Wait ${afterSeconds} s and try again.`, {
    retry: { afterSeconds },
  })
}
