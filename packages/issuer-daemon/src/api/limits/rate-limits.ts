import type { Clock } from '@mayfly/ca-core'
import { createRateLimiter, type RateLimiter } from './rate-limiter.ts'
import type { RateLimit } from './token-bucket.ts'

/** The limits, in the order in which they are asked. */
export interface RateLimits {
  /** New connections by address, before their handshake. */
  readonly connections: RateLimiter
  /** New connections from all addresses together that have proved nothing yet, under one name. */
  readonly newcomers: RateLimiter
  /** Requests by address, before anything else is known. */
  readonly address: RateLimiter
  /** After the signature was verified: nobody else can use up an identity's share. */
  readonly identity: RateLimiter
  /** By address, spent by refused enrolments only. */
  readonly enrolmentFailures: RateLimiter
  /** By address, for refusals that would leave a record of nobody. */
  readonly unproven: RateLimiter
  /** The same over all addresses, under one name. */
  readonly unprovenInAll: RateLimiter
}

/** A caller over its limit of requests is told so; only one that does not listen finds the door closed. */
const connectionsPerRequest = 2

export function createRateLimits(
  limits: { readonly [name in Exclude<keyof RateLimits, 'connections'>]: RateLimit },
  clock: Clock,
): RateLimits {
  const { perMinute, burst } = limits.address
  const connections = { perMinute: connectionsPerRequest * perMinute, burst: connectionsPerRequest * burst }
  return {
    connections: createRateLimiter(connections, clock, 'connections from this address'),
    newcomers: createRateLimiter(limits.newcomers, clock, 'new callers'),
    address: createRateLimiter(limits.address, clock, 'requests from this address'),
    identity: createRateLimiter(limits.identity, clock, 'requests of this identity'),
    enrolmentFailures: createRateLimiter(
      limits.enrolmentFailures,
      clock,
      'failed enrolments from this address',
    ),
    unproven: createRateLimiter(limits.unproven, clock, 'refused requests from this address'),
    unprovenInAll: createRateLimiter(limits.unprovenInAll, clock, 'refused requests'),
  }
}
