/** At most `changesMax` changes that wait, and whom to tell. */
interface Load<Change, Outcome> {
  readonly changes: readonly Change[]
  resolve(outcomes: readonly Outcome[]): void
  reject(error: unknown): void
}

export interface CommitLaneOptions<Change, Outcome> {
  /** Applies the changes in one transaction: all outcomes, durable, or an error. */
  readonly transact: (changes: readonly Change[]) => Promise<readonly Outcome[]>
  /** Changes in one transaction. */
  readonly changesMax: number
}

/**
 * Group commit over a network: one transaction is on its way at a time, and whatever comes meanwhile shares the
 * next. Transactions keep the order of arrival.
 */
export class CommitLane<Change, Outcome> {
  readonly #options: CommitLaneOptions<Change, Outcome>
  readonly #queue: Load<Change, Outcome>[] = []
  #running: Promise<void> | undefined

  constructor(options: CommitLaneOptions<Change, Outcome>) {
    this.#options = options
  }

  async write(changes: readonly Change[]): Promise<readonly Outcome[]> {
    const { changesMax } = this.#options
    const loads: Promise<readonly Outcome[]>[] = []
    for (let start = 0; start < changes.length; start += changesMax) {
      loads.push(this.#enqueue(changes.slice(start, start + changesMax)))
    }
    return (await Promise.all(loads)).flat()
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    await this.#running
  }

  #enqueue(changes: readonly Change[]): Promise<readonly Outcome[]> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ changes, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  async #run(): Promise<void> {
    // Whoever calls in the same turn still gets into the first transaction.
    await Promise.resolve()
    while (this.#queue.length > 0) await this.#transactOnce()
    this.#running = undefined
  }

  async #transactOnce(): Promise<void> {
    const loads = this.#takeLoads()
    try {
      const outcomes = await this.#options.transact(loads.flatMap(({ changes }) => changes))
      let start = 0
      for (const { changes, resolve } of loads) {
        resolve(outcomes.slice(start, start + changes.length))
        start += changes.length
      }
    } catch (error) {
      for (const { reject } of loads) reject(error)
    }
  }

  #takeLoads(): Load<Change, Outcome>[] {
    let size = 0
    const tooMuch = this.#queue.findIndex(({ changes }) => {
      size += changes.length
      return size > this.#options.changesMax
    })
    return this.#queue.splice(0, tooMuch === -1 ? this.#queue.length : tooMuch)
  }
}
