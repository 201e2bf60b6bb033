import type { Clock } from '@mayfly/ca-core'
import { createRateLimiter, type RateLimiter } from './rate-limiter.ts'
import type { RateLimit } from './token-bucket.ts'

/** The three limits, in the order in which they are asked. */
export interface RateLimits {
  /** Before anything else is known. */
  readonly address: RateLimiter
  /** After the signature was verified: nobody else can use up an identity's share. */
  readonly identity: RateLimiter
  /** By address, spent by refused enrolments only. */
  readonly enrolmentFailures: RateLimiter
}

export function createRateLimits(
  limits: { readonly [name in keyof RateLimits]: RateLimit },
  clock: Clock,
): RateLimits {
  return {
    address: createRateLimiter(limits.address, clock, 'requests from this address'),
    identity: createRateLimiter(limits.identity, clock, 'requests of this identity'),
    enrolmentFailures: createRateLimiter(
      limits.enrolmentFailures,
      clock,
      'failed enrolments from this address',
    ),
  }
}
