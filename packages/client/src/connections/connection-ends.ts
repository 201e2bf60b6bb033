import type { TLSSocket } from 'node:tls'
import type { Instant } from '../options.ts'
import { TrustError } from '../trust-error.ts'

/**
 * Timers count the time that the machine was awake, certificates go by the wall clock. So the
 * wall clock is looked at no later than this, and before a kept connection is used again.
 */
const recheckMs = 15_000

interface End {
  /** Of the peer's certificate. */
  readonly notAfter: Instant
  /** Ours. A server's connection ends without an error: there nobody asked for anything. */
  readonly side: 'client' | 'server'
}

/** Ends each connection when its peer's certificate does. */
export class ConnectionEnds {
  readonly #now: () => Instant
  readonly #ends = new Map<TLSSocket, End>()
  #earliest: Instant = Number.POSITIVE_INFINITY
  #timer: NodeJS.Timeout | undefined

  constructor(now: () => Instant) {
    this.#now = now
  }

  /** At `notAfter` the connection is destroyed, on a client's side with a `peer-certificate-expired`. */
  add(socket: TLSSocket, end: End): void {
    this.#ends.set(socket, end)
    this.#earliest = Math.min(this.#earliest, end.notAfter)
    socket.once('close', () => this.#remove(socket))
    this.#schedule()
  }

  /** Ends what is over by the wall clock. Cheap while nothing is. */
  check(): void {
    const now = this.#now()
    if (now < this.#earliest) return
    this.#earliest = Number.POSITIVE_INFINITY
    for (const [socket, end] of this.#ends) {
      if (now < end.notAfter) {
        this.#earliest = Math.min(this.#earliest, end.notAfter)
      } else {
        this.#ends.delete(socket)
        socket.destroy(end.side === 'client' ? expired(end.notAfter) : undefined)
      }
    }
  }

  #remove(socket: TLSSocket): void {
    this.#ends.delete(socket)
    if (this.#ends.size > 0) return
    this.#earliest = Number.POSITIVE_INFINITY
    clearTimeout(this.#timer)
  }

  #schedule(): void {
    clearTimeout(this.#timer)
    const waitMs = Math.max(0, Math.min(recheckMs, this.#earliest - this.#now()))
    this.#timer = setTimeout(() => {
      this.check()
      if (this.#ends.size > 0) this.#schedule()
    }, waitMs).unref()
  }
}

function expired(notAfter: Instant): TrustError {
  const at = new Date(notAfter).toISOString()
  const message = `The connection ended with its peer's certificate, which expired at ${at}; connect again.`
  return new TrustError('peer-certificate-expired', message)
}
