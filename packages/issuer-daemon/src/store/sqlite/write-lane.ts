import { setImmediate as nextTurn } from 'node:timers/promises'

export interface WriteLaneOptions<Change, Outcome> {
  /** Applies the changes in one transaction: all outcomes, durable, or an error and nothing done. */
  readonly transact: (changes: readonly Change[]) => Outcome[]
  /** Changes in one transaction; the event loop turns between two of them. */
  readonly changesMax: number
}

/** At most `changesMax` changes that wait, and whom to tell. */
interface Load<Change, Outcome> {
  readonly changes: readonly Change[]
  resolve(outcomes: Outcome[]): void
  reject(error: unknown): void
}

/**
 * Group commit: whatever is handed in during one turn of the event loop shares a transaction, and so one wait
 * for the disk. Who comes alone waits for nobody. Transactions keep the order of arrival.
 */
export class WriteLane<Change, Outcome> {
  readonly #options: WriteLaneOptions<Change, Outcome>
  readonly #queue: Load<Change, Outcome>[] = []
  #running: Promise<void> | undefined

  constructor(options: WriteLaneOptions<Change, Outcome>) {
    this.#options = options
  }

  async write(changes: readonly Change[]): Promise<readonly Outcome[]> {
    const loads: Promise<Outcome[]>[] = []
    for (let start = 0; start < changes.length; start += this.#options.changesMax) {
      loads.push(this.#enqueue(changes.slice(start, start + this.#options.changesMax)))
    }
    return (await Promise.all(loads)).flat()
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    await this.#running
  }

  #enqueue(changes: readonly Change[]): Promise<Outcome[]> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ changes, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      await nextTurn()
      this.#transactOnce()
    }
    this.#running = undefined
  }

  #transactOnce(): void {
    const loads = this.#takeLoads()
    try {
      const outcomes = this.#options.transact(loads.flatMap(({ changes }) => changes))
      for (const { changes, resolve } of loads) resolve(outcomes.splice(0, changes.length))
    } catch (error) {
      for (const { reject } of loads) reject(error)
    }
  }

  #takeLoads(): Load<Change, Outcome>[] {
    let size = 0
    const fitting = this.#queue.findIndex(({ changes }) => {
      size += changes.length
      return size > this.#options.changesMax
    })
    return this.#queue.splice(0, fitting === -1 ? this.#queue.length : fitting)
  }
}
