import { setImmediate as nextTurn } from 'node:timers/promises'

/**
 * Under load every turn brings a request or two, and each transaction costs a wait for the disk: some milliseconds
 * of gathering make one of many. No turn is added for who comes alone.
 */
const gatherTurnsMax = 8

/** For so many bulk transactions after a quick one more of them are expected: a second or two. */
const besideQuickFor = 50

export interface WriteLaneOptions<Change, Outcome> {
  /** Applies the changes in one transaction: all outcomes, durable, or an error and nothing done. */
  readonly transact: (changes: readonly Change[]) => Outcome[] | Promise<Outcome[]>
  /** Changes in one transaction; the event loop turns between two of them. */
  readonly changesMax: number
  /** More changes than these at once are bulk, which others need not wait for the end of. Default: none are. */
  readonly quickMax?: number
  /** Bulk changes in one transaction while quick ones come, which wait for it. Default: `changesMax`. */
  readonly besideQuickMax?: number
  /** While not, what is bulk waits and lets others pass; `wake` is to be called when it is again. */
  readonly isReadyForBulk?: () => boolean
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

type Queue<Change, Outcome> = (Load<Change, Outcome> | Errand)[]

/**
 * Group commit: whatever is handed in during one turn of the event loop, in the turns behind it while each brings
 * more, or while a transaction runs, shares the next one, and so one wait for the disk. Who comes alone waits for
 * nobody. Transactions keep the order of arrival, but for bulk: while both wait, quick and bulk ones take turns. So a
 * request waits for one transaction of a sweep at most, and a sweep for one of requests.
 */
export class WriteLane<Change, Outcome> {
  readonly #options: WriteLaneOptions<Change, Outcome>
  readonly #quick: Queue<Change, Outcome> = []
  readonly #bulk: Queue<Change, Outcome> = []
  #lastWasBulk = false
  /** Transactions. */
  #bulkSinceQuick = Number.POSITIVE_INFINITY
  #wakeUp: (() => void) | undefined
  #running: Promise<void> | undefined
  /** The transaction at work takes too long. */
  #isStalled = false

  constructor(options: WriteLaneOptions<Change, Outcome>) {
    this.#options = options
  }

  async write(changes: readonly Change[]): Promise<readonly Outcome[]> {
    const { changesMax, quickMax = Number.POSITIVE_INFINITY, besideQuickMax = changesMax } = this.#options
    const isBulk = changes.length > quickMax
    const queue = isBulk ? this.#bulk : this.#quick
    const pieceMax = isBulk ? besideQuickMax : changesMax
    const loads: Promise<Outcome[]>[] = []
    for (let start = 0; start < changes.length; start += pieceMax) {
      const some = changes.slice(start, start + pieceMax)
      loads.push(new Promise((resolve, reject) => this.#enqueue(queue, { changes: some, resolve, reject })))
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
      this.#enqueue(this.#quick, { run, reject })
    })
  }

  /** To be called when bulk may be written again. */
  wake(): void {
    this.#wakeUp?.()
    this.#wakeUp = undefined
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    await this.#running
  }

  #enqueue(queue: Queue<Change, Outcome>, work: Load<Change, Outcome> | Errand): void {
    if (this.#isStalled) {
      work.reject(this.#stalledError())
      return
    }
    queue.push(work)
    this.#running ??= this.#run()
    this.wake()
  }

  /** What was not begun is not done: whoever is refused may ask again without fear. */
  #stall(): void {
    this.#isStalled = true
    const waiting = [...this.#quick.splice(0), ...this.#bulk.splice(0)]
    for (const { reject } of waiting) reject(this.#stalledError())
  }

  #stalledError(): Error {
    return this.#options.stalled?.() ?? new Error('a write takes too long')
  }

  async #run(): Promise<void> {
    while (this.#quick.length > 0 || this.#bulk.length > 0) {
      await this.#gather()
      const queue = this.#nextQueue()
      await (queue === undefined ? this.#sleep() : this.#doNext(queue))
    }
    this.#running = undefined
    this.#options.idle?.()
  }

  /** Waits for the next turn of the loop, and for further ones while each of them brings more. */
  async #gather(): Promise<void> {
    for (let turns = 0; turns < gatherTurnsMax; turns++) {
      const waiting = this.#quick.length
      await nextTurn()
      if (this.#quick.length === waiting) return
    }
  }

  /** Whose turn it is; nobody's while there is only bulk, and that is not to be written yet. */
  #nextQueue(): Queue<Change, Outcome> | undefined {
    const { isReadyForBulk = () => true } = this.#options
    const isBulk = this.#bulk.length > 0 && (this.#quick.length === 0 || !this.#lastWasBulk)
    this.#lastWasBulk = isBulk && isReadyForBulk()
    if (this.#lastWasBulk) {
      this.#bulkSinceQuick++
      return this.#bulk
    }
    if (this.#quick.length > 0) this.#bulkSinceQuick = 0
    return this.#quick.length > 0 ? this.#quick : undefined
  }

  /** Until more comes, or bulk may be written. */
  async #sleep(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wakeUp = resolve
    })
  }

  async #doNext(queue: Queue<Change, Outcome>): Promise<void> {
    const [first] = queue
    if (first === undefined || !('run' in first)) return this.#transactOnce(queue)
    queue.shift()
    first.run()
  }

  async #transactOnce(queue: Queue<Change, Outcome>): Promise<void> {
    const loads = this.#takeLoads(queue)
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

  #takeLoads(queue: Queue<Change, Outcome>): Load<Change, Outcome>[] {
    const loads: Load<Change, Outcome>[] = []
    const { changesMax, besideQuickMax = changesMax } = this.#options
    const isBesideQuick = queue === this.#bulk && this.#bulkSinceQuick <= besideQuickFor
    const sizeMax = isBesideQuick ? besideQuickMax : changesMax
    let size = 0
    for (const next of queue) {
      if ('run' in next) break
      size += next.changes.length
      if (size > sizeMax) break
      loads.push(next)
    }
    queue.splice(0, loads.length)
    return loads
  }
}
