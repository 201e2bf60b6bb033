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
  /** Gives the turn to whoever waited; `false` where nobody waits any more, or has done it all within the call. */
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
  #hasTurn = false
  #onTurnEnd: () => void = () => undefined
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
    this.#queue.push(Math.max(at, this.#now), { owner, fire: () => this.#start(work) })
  }

  /** Ends the turn, until somebody resumes the task. `begin` says who and when. */
  suspend<T>(owner: Owner | undefined, begin: (suspension: Suspension<T>) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let isSettled = false
      const settle = (at: Instant, end: () => void): void => {
        const fire = (): boolean => {
          if (isSettled) return false
          isSettled = true
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
      if (this.#happens(next.event)) await this.#turnEnded()
      if (this.#failure !== undefined) throw this.#failure.error
    }
    if (!this.#stopped) this.#now = Math.max(this.#now, end)
  }

  /** Whether a task has the turn now. */
  #happens(event: Event): boolean {
    const { owner, fire } = event
    if (owner?.alive === false) return false
    if (owner !== undefined && owner.frozenUntil > this.#now) {
      this.#queue.push(owner.frozenUntil, event)
      return false
    }
    this.#hasTurn = true
    return fire()
  }

  #turnEnded(): Promise<void> | undefined {
    if (!this.#hasTurn) return undefined
    return new Promise((resolve) => {
      this.#onTurnEnd = resolve
    })
  }

  #endTurn(): void {
    this.#hasTurn = false
    this.#onTurnEnd()
  }

  /** Most of what happens is done within the call, and needs no turn. */
  #start(work: () => void | Promise<void>): boolean {
    try {
      const working = work()
      if (working === undefined) return false
      working.then(
        () => this.#endTurn(),
        (error: unknown) => this.#fail(error),
      )
      return true
    } catch (error) {
      this.#fail(error)
      return false
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.#endTurn()
  }
}
