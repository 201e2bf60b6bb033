/** How much one caller may ask: `burst` at once, refilled evenly with `perMinute`. */
export interface RateLimit {
  readonly perMinute: number
  readonly burst: number
}

export type RateDecision =
  | { readonly allowed: true; readonly bucket: TokenBucket }
  | { readonly allowed: false; readonly bucket: TokenBucket; readonly retryAfterSeconds: number }

/** What one caller has left, and when that was counted. A value: taking from it gives a new one. */
export interface TokenBucket {
  readonly left: number
  readonly countedAtMs: number
}

export function fullBucket(limit: RateLimit, nowMs: number): TokenBucket {
  return { left: limit.burst, countedAtMs: nowMs }
}

/** Decides whether one more is allowed at `nowMs`, a monotonic time, and what is left after it. */
export function takeFromBucket(bucket: TokenBucket, limit: RateLimit, nowMs: number): RateDecision {
  const refilled = refill(bucket, limit, nowMs)
  if (refilled.left >= 1) {
    return { allowed: true, bucket: { ...refilled, left: refilled.left - 1 } }
  }
  const missing = 1 - refilled.left
  return { allowed: false, bucket: refilled, retryAfterSeconds: Math.ceil((missing / limit.perMinute) * 60) }
}

/** Whether the bucket has nothing to remember any more: a new one would be the same. */
export function isRefilled(bucket: TokenBucket, limit: RateLimit, nowMs: number): boolean {
  return refill(bucket, limit, nowMs).left >= limit.burst
}

function refill(bucket: TokenBucket, limit: RateLimit, nowMs: number): TokenBucket {
  // A clock that went back refills nothing and forgives nothing.
  const elapsedMinutes = Math.max(0, nowMs - bucket.countedAtMs) / 60_000
  return { left: Math.min(limit.burst, bucket.left + elapsedMinutes * limit.perMinute), countedAtMs: nowMs }
}
