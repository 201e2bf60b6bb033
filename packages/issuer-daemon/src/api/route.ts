import { type Instant, mediaTypes } from '@mayfly/ca-core'
import type * as z from 'zod'
import type { AdminPower } from '../admin/admin-rights.ts'
import type { AuditAttempt } from '../audit/audit-attempt.ts'
import type { Caller, SecurityContext } from '../issuing/security-context.ts'

/** Who may use a route. Every route says it; one that doesn't keeps the server from starting. */
export type Requirement = 'nothing' | 'token' | 'lineage' | 'admin'

export type Method = 'GET' | 'POST' | 'DELETE'

/** What came with a request, before any of it was checked. */
export interface RawInput {
  readonly params: unknown
  readonly query: unknown
  /** Parsed JSON; `undefined` where the route takes no body. */
  readonly body: unknown
}

/** One request on its way to a use case: who asks, and what, both checked. */
export interface Exchange<Input> {
  readonly requestId: string
  readonly receivedAt: Instant
  readonly caller: Caller
  readonly context: SecurityContext
  readonly input: Input
  /** The audit record of this attempt; the request path opens and closes it. */
  readonly attempt: AuditAttempt
  /** `If-None-Match`, for what can be cached. */
  readonly ifNoneMatch: string | undefined
}

export interface Answer {
  readonly status: number
  readonly mediaType: string
  /** A string goes out as it is, anything else as JSON. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** What HTTP has to know of a route: data, which can be told to another thread. */
export interface RouteFace {
  readonly method: Method
  readonly url: string
  /** What the audit, the log and the metrics call it. */
  readonly action: string
  readonly requires: Requirement
  /** Media type of the body; a route without it takes none. */
  readonly accepts?: string
  /** The longest body; `bodyBytesMax` of the server if absent. */
  readonly bodyBytesMax?: number
}

export interface Route<Input = unknown> extends RouteFace {
  /** What the admin must be allowed, where one is required. */
  readonly power?: AdminPower
  /** Checks `RawInput`; without it there is nothing to check and `input` is `undefined`. */
  readonly schema?: z.ZodType<Input>
  run(exchange: Exchange<Input>): Promise<Answer>
}

/** Gives routes one type once each has been checked against its own. */
export function route<Input>(declaration: Route<Input>): Route {
  return declaration as Route
}

/** Nothing of what the route does. */
export function faceOf({ method, url, action, requires, accepts, bodyBytesMax }: Route): RouteFace {
  return {
    method,
    url,
    action,
    requires,
    ...(accepts !== undefined && { accepts }),
    ...(bodyBytesMax !== undefined && { bodyBytesMax }),
  }
}

/** An answer that is for this caller and this moment only. */
export function jsonAnswer(body: unknown, status = 200): Answer {
  return { status, mediaType: mediaTypes.json, body, headers: { 'cache-control': 'no-store' } }
}

/**
 * What could change something leaves an audit record. Safe methods (RFC 9110 9.2.1) leave none: anyone may
 * repeat them without end, and each record is a durable write.
 */
export function isAudited(route: Pick<RouteFace, 'method'>): boolean {
  return route.method !== 'GET'
}
