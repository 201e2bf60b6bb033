import type { Instant } from '@mayfly/ca-core'
import { EventQueue } from '../virtual/event-queue.ts'

/** A virtual process: what waits for it is dropped when it is dead, and put off while it is frozen. */
export interface Owner {
  alive: boolean
  /** Until then its machine sleeps. */
  frozenUntil: Instant
}

interface Event {
  readonly owner: Owner | undefined
  /** Gives the turn to whoever waited; `false` where nobody waits any more. */
  readonly fire: () => boolean
}

/** Something that a task waits for; the first `resume` or `fail` whose time comes ends the wait. */
export interface Suspension<T> {
  resume(value: T, at: Instant): void
  /** The error is made only where somebody still waits for it. */
  fail(makeError: () => unknown, at: Instant): void
}

/**
 * The one discrete-event scheduler of a story.
 *
 * Any number of tasks are under way and exactly one has the turn: it runs, through as much real asynchronous
 * work as it likes, until it waits for virtual time or ends. So the order of things depends on the story
 * alone, however long a signature takes.
 */
export class Timeline {
  readonly #queue = new EventQueue<Event>()
  #now: Instant
  #endTurn: () => void = () => undefined
  #failure: { readonly error: unknown } | undefined
  #stopped = false

  constructor(start: Instant) {
    this.#now = start
  }

  get now(): Instant {
    return this.#now
  }

  /** Runs `work` as a task of its own at `at`. What it throws ends the story. */
  schedule(at: Instant, work: () => void | Promise<void>, owner?: Owner): void {
    const fire = (): boolean => {
      const run = async (): Promise<void> => work()
      run().then(
        () => this.#endTurn(),
        (error: unknown) => {
          this.#failure ??= { error }
          this.#endTurn()
        },
      )
      return true
    }
    this.#queue.push(Math.max(at, this.#now), { owner, fire })
  }

  /** Ends the turn, until somebody resumes the task. `begin` says who and when. */
  suspend<T>(owner: Owner | undefined, begin: (suspension: Suspension<T>) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let settled = false
      const settle = (at: Instant, end: () => void): void => {
        const fire = (): boolean => {
          if (settled) return false
          settled = true
          end()
          return true
        }
        this.#queue.push(Math.max(at, this.#now), { owner, fire })
      }
      begin({
        resume: (value, at) => settle(at, () => resolve(value)),
        fail: (makeError, at) => settle(at, () => reject(makeError())),
      })
      this.#endTurn()
    })
  }

  sleep(milliseconds: number, owner?: Owner, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    return this.suspend<void>(owner, ({ resume, fail }) => {
      resume(undefined, this.#now + Math.max(0, Math.ceil(milliseconds)))
      signal?.addEventListener('abort', () => fail(() => signal.reason, this.#now), { once: true })
    })
  }

  /** A process ended in the middle of its own turn: nothing of it goes on. */
  never(): Promise<never> {
    this.#endTurn()
    return new Promise(() => undefined)
  }

  stop(): void {
    this.#stopped = true
  }

  /** Runs what happens until `end`. Throws what a task threw. */
  async run(end: Instant): Promise<void> {
    while (!this.#stopped) {
      const next = this.#queue.peek()
      if (next === undefined || next.at > end) break
      this.#queue.pop()
      this.#now = Math.max(this.#now, next.at)
      await this.#happen(next.event)
      if (this.#failure !== undefined) throw this.#failure.error
    }
    if (!this.#stopped) this.#now = Math.max(this.#now, end)
  }

  async #happen(event: Event): Promise<void> {
    const { owner, fire } = event
    if (owner?.alive === false) return
    if (owner !== undefined && owner.frozenUntil > this.#now) {
      this.#queue.push(owner.frozenUntil, event)
      return
    }
    const turn = new Promise<void>((resolve) => {
      this.#endTurn = resolve
    })
    if (fire()) await turn
  }
}
