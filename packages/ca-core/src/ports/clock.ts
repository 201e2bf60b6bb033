import type { Instant } from '../time/instant.ts'

/** The wall clock and waiting, as a port: nothing else in Mayfly knows what time it is. */
export interface Clock {
  /** The wall clock. It may jump in either direction. */
  now(): Instant
  /** Milliseconds from an arbitrary start that never run backwards; for measuring durations. */
  monotonic(): number
  /**
   * Milliseconds from another arbitrary start that never run backwards and, where the system can say it, go on while
   * the machine sleeps. Nobody can set it. It may go in steps of a second.
   */
  sinceBoot(): number
  /**
   * Resolves after `milliseconds` of monotonic time.
   * Rejects with the signal's reason as soon as `signal` is aborted.
   */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>
}
