import type { Clock } from '@mayfly/ca-core'

/** A small transaction takes a few milliseconds; over this the event loop is better off without it. */
const slowMs = 100

/** Whether the disk keeps up, told by how long the last small transaction took. */
export class DiskPace {
  readonly #clock: Pick<Clock, 'monotonic'> | undefined
  #isSlow = false

  /** Without a clock no disk is slow. */
  constructor(clock: Pick<Clock, 'monotonic'> | undefined) {
    this.#clock = clock
  }

  get isSlow(): boolean {
    return this.#isSlow
  }

  /** Times a small transaction in the event loop, also where it fails. */
  timeInLoop<Result>(work: () => Result): Result {
    const startedMs = this.#nowMs()
    try {
      return work()
    } finally {
      this.#judge(startedMs)
    }
  }

  /** Times one in the thread. */
  async timeInThread<Result>(work: () => Promise<Result>): Promise<Result> {
    const startedMs = this.#nowMs()
    try {
      return await work()
    } finally {
      this.#judge(startedMs)
    }
  }

  #nowMs(): number {
    return this.#clock?.monotonic() ?? 0
  }

  #judge(startedMs: number): void {
    this.#isSlow = this.#nowMs() - startedMs > slowMs
  }
}
