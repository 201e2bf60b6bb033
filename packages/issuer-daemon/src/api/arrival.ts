import type { Instant, MayflyError } from '@mayfly/ca-core'
import type { AnsweredRequest } from './answered-request.ts'
import type { ReceivedBody } from './request-body.ts'

/** A request as the front hands it to the core: met and limited by its address, with its body, and not yet looked into. */
export interface Arrival {
  /** Its place among the routes. */
  readonly route: number
  readonly requestId: string
  readonly receivedAt: Instant
  readonly address: string
  /** The address of the connection, where a relay that is trusted told of another. */
  readonly relay?: string
  readonly params: unknown
  readonly query: unknown
  readonly body: ReceivedBody
  readonly ifNoneMatch?: string
  /** Why the front refuses it, where the refusal is to be recorded before it is told. */
  readonly refusal?: MayflyError
}

/** What the caller is told, and what the front has to know of it. */
export interface Told {
  readonly status: number
  /** In lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** The caller proved who it is, with a signature or a token. */
  readonly isProved: boolean
  /** Somebody may be guessing tokens. */
  readonly isFailedEnrolment: boolean
}

/** How an answer went out. */
export interface Sent {
  readonly method: string
  readonly status: number
  /** From the headers of the request to the end of its answer. */
  readonly durationMs: number
}

/** A request that the core has. */
export interface Taken {
  readonly told: Promise<Told>
  /** To be called once: when the answer was sent, or without it when nobody was left to take one. */
  ended(sent?: Sent): void
}

/**
 * What is behind the front: everything of the request path from authentication on. It knows neither HTTP nor
 * connections, so it may be in another thread.
 */
export interface Core {
  take(arrival: Arrival): Taken
  /** Is told of an answer that the front gave alone. */
  answered(answer: AnsweredRequest): void
}
