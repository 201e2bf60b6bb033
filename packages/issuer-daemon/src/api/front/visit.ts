import type { MayflyError } from '@mayfly/ca-core'
import type { Arrival, Taken } from '../arrival.ts'
import type { RouteFace } from '../route.ts'
import type { Admission } from './in-flight.ts'

/** One request at the front, as far as it is known there. */
export interface Visit extends Pick<Arrival, 'requestId' | 'receivedAt' | 'address' | 'relay'> {
  readonly startedMs: number
  /** Its place among the requests in flight, once the core has it. */
  admission?: Admission
  taken?: Taken
  /** The core was told how it ended. */
  isEnded?: boolean
  /** Why the front refused it alone. */
  refusal?: MayflyError
}

/** A route and its place among all of them. */
export interface PlacedRoute {
  readonly face: RouteFace
  readonly place: number
}

/** What a route answers to with a method that it doesn't have. */
export interface OtherMethod {
  readonly allow: string
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the route is; the server doesn't start with a route that says neither. */
    declaration?: PlacedRoute
    otherMethod?: OtherMethod
  }
  interface FastifyRequest {
    visit: Visit
  }
}
