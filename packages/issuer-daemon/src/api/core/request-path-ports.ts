import type { Clock, Random } from '@mayfly/ca-core'
import type { AttemptOpening, AuditAttempt } from '../../audit/audit-attempt.ts'
import type { Caller, SecurityContext } from '../../issuing/security-context.ts'
import type { AnsweredRequest } from '../answered-request.ts'
import type { Core } from '../arrival.ts'
import type { RateLimiter } from '../limits/rate-limiter.ts'
import type { RateLimits } from '../limits/rate-limits.ts'
import type { Relays } from '../limits/relays.ts'
import type { Route } from '../route.ts'

/** What HTTP needs to meet a request. */
export interface FrontPorts {
  readonly clock: Pick<Clock, 'now' | 'monotonic'>
  readonly random: Random
  /** Asked at each request; `undefined` where the callers are few and known. */
  limits(): Pick<RateLimits, 'address' | 'enrolmentFailures'> | undefined
  /** Asked at each request; without them every caller is the other end of its connection. */
  relays?(): Relays
  readonly inFlightMax: number
  /** Whether the server has begun to stop and takes nothing new. */
  stopping(): boolean
  /** Is told the address of each caller that proved who it is. */
  proved?(address: string): void
  readonly core: Core
}

/** What the core needs of the rest of the issuer. */
export interface CorePorts {
  /** Asked at each request; `undefined` where the callers are few and known. */
  limits(): Pick<RateLimits, 'identity' | 'unproven' | 'unprovenInAll'> | undefined
  /** Of admins who are not the owner, by name. Asked at each of their requests. */
  delegateLimit?(): RateLimiter | undefined
  /** Says who asks, as far as the request proves it. Rejects nobody. */
  authenticate(route: Route, body: unknown, caller: Caller): SecurityContext | Promise<SecurityContext>
  openAudit(opening: AttemptOpening): AuditAttempt
  /** Is told of every answer, after it was sent. */
  answered(answer: AnsweredRequest): void
}
