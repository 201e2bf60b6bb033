import { setImmediate as nextTurn } from 'node:timers/promises'

/**
 * Under load every turn brings a request or two, and each transaction costs a wait for the disk: some milliseconds
 * of gathering make one of many. No turn is added for who comes alone.
 */
const gatherTurnsMax = 8

export interface WriteLaneOptions<Change, Outcome> {
  /** Applies the changes in one transaction: all outcomes, durable, or an error and nothing done. */
  readonly transact: (changes: readonly Change[]) => Outcome[] | Promise<Outcome[]>
  /** Changes in one transaction; the event loop turns between two of them. */
  readonly changesMax: number
  /** After a transaction has run for so long, who waits behind it or comes then is refused until it has ended. */
  readonly stalledAfterMs?: number
  /** What they are refused with. */
  readonly stalled?: () => Error
  /** Is told when nothing waits any more. */
  readonly idle?: () => void
}

/** At most `changesMax` changes that wait, and whom to tell. */
interface Load<Change, Outcome> {
  readonly changes: readonly Change[]
  resolve(outcomes: Outcome[]): void
  reject(error: unknown): void
}

/** Work that waits for its turn and is done alone. */
interface Errand {
  run(): void
  reject(error: unknown): void
}

/**
 * Group commit: whatever is handed in during one turn of the event loop, in the turns behind it while each brings
 * more, or while a transaction runs, shares the next one, and so one wait for the disk. Who comes alone waits for nobody. Transactions keep the order of arrival.
 */
export class WriteLane<Change, Outcome> {
  readonly #options: WriteLaneOptions<Change, Outcome>
  readonly #queue: (Load<Change, Outcome> | Errand)[] = []
  #running: Promise<void> | undefined
  /** The transaction at work takes too long. */
  #isStalled = false

  constructor(options: WriteLaneOptions<Change, Outcome>) {
    this.#options = options
  }

  async write(changes: readonly Change[]): Promise<readonly Outcome[]> {
    const loads: Promise<Outcome[]>[] = []
    for (let start = 0; start < changes.length; start += this.#options.changesMax) {
      const some = changes.slice(start, start + this.#options.changesMax)
      loads.push(new Promise((resolve, reject) => this.#enqueue({ changes: some, resolve, reject })))
    }
    return (await Promise.all(loads)).flat()
  }

  /** Does other writing in its turn, while no transaction runs. */
  alone<Result>(work: () => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      const run = (): void => {
        try {
          resolve(work())
        } catch (error) {
          reject(error)
        }
      }
      this.#enqueue({ run, reject })
    })
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    await this.#running
  }

  #enqueue(work: Load<Change, Outcome> | Errand): void {
    if (this.#isStalled) {
      work.reject(this.#stalledError())
      return
    }
    this.#queue.push(work)
    this.#running ??= this.#run()
  }

  /** What was not begun is not done: whoever is refused may ask again without fear. */
  #stall(): void {
    this.#isStalled = true
    for (const { reject } of this.#queue.splice(0)) reject(this.#stalledError())
  }

  #stalledError(): Error {
    return this.#options.stalled?.() ?? new Error('a write takes too long')
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      await this.#gather()
      await this.#doNext()
    }
    this.#running = undefined
    this.#options.idle?.()
  }

  /** Waits for the next turn of the loop, and for further ones while each of them brings more. */
  async #gather(): Promise<void> {
    for (let turns = 0; turns < gatherTurnsMax; turns++) {
      const waiting = this.#queue.length
      await nextTurn()
      if (this.#queue.length === waiting) return
    }
  }

  async #doNext(): Promise<void> {
    const [first] = this.#queue
    if (first === undefined || !('run' in first)) return this.#transactOnce()
    this.#queue.shift()
    first.run()
  }

  async #transactOnce(): Promise<void> {
    const loads = this.#takeLoads()
    const { transact, stalledAfterMs } = this.#options
    let timer: NodeJS.Timeout | undefined
    try {
      const work = transact(loads.flatMap(({ changes }) => changes))
      // While one runs in the event loop, nobody can be told anything.
      if (stalledAfterMs !== undefined && work instanceof Promise) {
        timer = setTimeout(() => this.#stall(), stalledAfterMs)
      }
      const outcomes = await work
      for (const { changes, resolve } of loads) resolve(outcomes.splice(0, changes.length))
    } catch (error) {
      for (const { reject } of loads) reject(error)
    } finally {
      clearTimeout(timer)
      this.#isStalled = false
    }
  }

  #takeLoads(): Load<Change, Outcome>[] {
    const loads: Load<Change, Outcome>[] = []
    let size = 0
    for (const next of this.#queue) {
      if ('run' in next) break
      size += next.changes.length
      if (size > this.#options.changesMax) break
      loads.push(next)
    }
    this.#queue.splice(0, loads.length)
    return loads
  }
}
