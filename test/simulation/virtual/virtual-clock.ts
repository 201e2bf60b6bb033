import type { Clock, Instant } from '@mayfly/ca-core'
import type { Owner, Timeline } from '../stories/timeline.ts'

/** The clock on the wall of one machine: it goes with the story's time, off by as much as the story says. */
export class WallClock {
  readonly #timeline: Timeline
  /** How far ahead of the true time it is. */
  aheadMs: number

  constructor(timeline: Timeline, aheadMs: number) {
    this.#timeline = timeline
    this.aheadMs = aheadMs
  }

  now(): Instant {
    return this.#timeline.now + this.aheadMs
  }

  /** As a process on this machine sees it. */
  for(owner: Owner): Clock {
    return {
      now: () => this.now(),
      monotonic: () => this.#timeline.now,
      sinceBoot: () => this.#timeline.now,
      sleep: (milliseconds, signal) => this.#timeline.sleep(milliseconds, owner, signal),
    }
  }
}
