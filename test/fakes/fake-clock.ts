import type { Clock, Instant } from '@mayfly/ca-core'

interface Sleeper {
  readonly due: number
  readonly wake: () => void
}

/** Noon of an ordinary day, so that a test which adds or takes hours stays in plain times. */
const defaultStart = Date.UTC(2026, 0, 15, 12)

/** A clock that stands still until it is told to go on. */
export class FakeClock implements Clock {
  #now: Instant
  #monotonic = 0
  #asleep = 0
  #sleepers: Sleeper[] = []
  #watchers: (() => void)[] = []

  constructor(start: Instant = defaultStart) {
    this.#now = start
  }

  now(): Instant {
    return this.#now
  }

  monotonic(): number {
    return this.#monotonic
  }

  sinceBoot(): number {
    return this.#monotonic + this.#asleep
  }

  /** How many sleeps are under way. */
  get sleepers(): number {
    return this.#sleepers.length
  }

  /** When the next sleeper wakes by the wall clock, if one sleeps. */
  get nextWake(): Instant | undefined {
    const next = this.#nextSleeper()
    return next === undefined ? undefined : this.#now + (next.due - this.#monotonic)
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason)
        return
      }
      const end = (settle: () => void) => (): void => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper)
        signal?.removeEventListener('abort', onAbort)
        settle()
      }
      const onAbort = end(() => reject(signal?.reason))
      const sleeper: Sleeper = { due: this.#monotonic + Math.max(milliseconds, 0), wake: end(resolve) }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#sleepers.push(sleeper)
      for (const watcher of this.#watchers.splice(0)) watcher()
    })
  }

  /** Lets time pass: sleepers wake in order, each at its own time, and may go to sleep again. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#monotonic + milliseconds
    await settled()
    for (let next = this.#nextSleeper(); next !== undefined && next.due <= end; next = this.#nextSleeper()) {
      this.#pass(next.due - this.#monotonic)
      next.wake()
      await settled()
    }
    this.#pass(end - this.#monotonic)
  }

  /** The whole machine sleeps: only the wall clock and the time since its start go on. Nobody wakes. */
  suspend(milliseconds: number): void {
    this.#now += milliseconds
    this.#asleep += milliseconds
  }

  /** Sets the wall clock forward or back, as a correction does. Nobody wakes. */
  jump(milliseconds: number): void {
    this.#now += milliseconds
  }

  /** Resolves once at least `count` sleeps are under way. */
  async untilSleeping(count: number = 1): Promise<void> {
    while (this.#sleepers.length < count) {
      await new Promise<void>((resolve) => this.#watchers.push(resolve))
    }
  }

  #nextSleeper(): Sleeper | undefined {
    return this.#sleepers.reduce<Sleeper | undefined>(
      (first, other) => (first === undefined || other.due < first.due ? other : first),
      undefined,
    )
  }

  #pass(milliseconds: number): void {
    this.#now += milliseconds
    this.#monotonic += milliseconds
  }
}

/** Until everything that can run without time passing has run. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
