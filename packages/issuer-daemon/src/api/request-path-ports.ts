import type { Clock, Random } from '@mayfly/ca-core'
import type { AttemptOpening, AuditAttempt } from '../audit/audit-attempt.ts'
import type { Caller, SecurityContext } from '../issuing/security-context.ts'
import type { Passage } from './passage.ts'
import type { RateLimiter } from './rate-limiter.ts'
import type { RateLimits } from './rate-limits.ts'
import type { Relays } from './relays.ts'
import type { Route } from './route.ts'

/** What the hooks need of the rest of the issuer. */
export interface RequestPathPorts {
  readonly clock: Clock
  readonly random: Random
  /** Asked at each request; `undefined` where the callers are few and known. */
  limits(): RateLimits | undefined
  /** Of admins who are not the owner, by name. Asked at each of their requests. */
  delegateLimit?(): RateLimiter | undefined
  /** Asked at each request; without them every caller is the other end of its connection. */
  relays?(): Relays
  readonly inFlightMax: number
  /** Says who asks, as far as the request proves it. Rejects nobody. */
  authenticate(route: Route, body: unknown, caller: Caller): Promise<SecurityContext>
  openAudit(opening: AttemptOpening): AuditAttempt
  /** Is told of every answer, after it was sent. */
  answered(answer: AnsweredRequest): void
  /** Whether the server has begun to stop and takes nothing new. */
  stopping(): boolean
}

export interface AnsweredRequest {
  readonly passage: Passage
  /** Absent for what is no route. */
  readonly route: Route | undefined
  readonly method: string
  readonly status: number
  readonly durationMs: number
}
