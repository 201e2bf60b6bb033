import { secondMs } from '@mayfly/ca-core'

/** How long callers wait for a database that is gone or silent: a restart takes seconds, and so does a failover. */
export const outagePatienceMs: number = 10 * secondMs

/** So that who is refused may write that down, and be refused in that at once. */
const betweenLooksMs = secondMs

/** A time in which the database answered nobody. */
interface Outage {
  readonly sinceMs: number
  /** What the last one met who asked. */
  error: unknown
  lookedAtMs: number
  isLookedAt: boolean
}

/**
 * What the callers of a database know together of its being away. One outage is waited out once, not by each caller
 * anew: whoever comes late in it is told at once, but for one at a time who looks whether it is over.
 * Times are of the monotonic clock.
 */
export class OutageWatch {
  #outage: Outage | undefined

  /** Somebody got an answer. */
  answered(): void {
    this.#outage = undefined
  }

  /** Somebody got none, or none since then. */
  unanswered(sinceMs: number, nowMs: number, error: unknown): void {
    this.#outage ??= { sinceMs, error, lookedAtMs: nowMs, isLookedAt: false }
    this.#outage.error = error
    this.#outage.lookedAtMs = nowMs
  }

  /** Whether it lasts for longer than anyone is to wait. */
  isLong(nowMs: number): boolean {
    return this.#outage !== undefined && nowMs - this.#outage.sinceMs >= outagePatienceMs
  }

  /** Lets one caller ask; it must say when it has. `undefined` where another one does, or did just now. */
  beginLook(nowMs: number): (() => void) | undefined {
    const outage = this.#outage
    if (outage === undefined || outage.isLookedAt || nowMs - outage.lookedAtMs < betweenLooksMs) return
    outage.isLookedAt = true
    return () => {
      outage.isLookedAt = false
    }
  }

  /** What everyone else is refused with. */
  get error(): unknown {
    return this.#outage?.error
  }
}
