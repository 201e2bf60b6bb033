import type { Instant, MayflyError } from '@mayfly/ca-core'
import type { AuditAttempt } from '../audit/audit-attempt.ts'
import type { Caller, SecurityContext } from '../issuing/security-context.ts'
import type { Admission } from './in-flight.ts'
import type { ReadBody } from './request-body.ts'
import type { Route } from './route.ts'

/** One request on its way through the hooks, which fill it in from top to bottom. */
export interface Passage {
  readonly requestId: string
  readonly receivedAt: Instant
  readonly startedMs: number
  readonly address: string
  /** The address of the connection, where a relay that is trusted told of another. */
  readonly relay?: string
  context: SecurityContext
  /** Its place among the requests in flight. */
  admission?: Admission
  attempt?: AuditAttempt
  /** Read when it is first asked for. */
  body?: ReadBody
  input?: unknown
  refusal?: MayflyError
}

/** Where it came from. */
export function callerIn({ address, relay }: Passage): Caller {
  return relay === undefined ? { address } : { address, relay }
}

/** What a route answers to with a method that it doesn't have. */
export interface OtherMethod {
  readonly allow: string
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the route is; the server doesn't start with a route that says neither. */
    declaration?: Route
    otherMethod?: OtherMethod
  }
  interface FastifyRequest {
    passage: Passage
  }
}
