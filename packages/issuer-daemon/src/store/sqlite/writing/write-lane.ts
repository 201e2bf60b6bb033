import { setImmediate as nextTurn } from 'node:timers/promises'

/**
 * Under load every turn brings some requests, and each transaction costs a wait for the disk. Who waits for more turns
 * than these makes one convoy of all: then every thread waits for the one that is at work. No turn is added for who
 * comes alone.
 */
const gatherTurnsMax = 2

/** For so many bulk transactions after one that a quick one met, more of those are expected: a second or two. */
const besideQuickFor = 50

export interface WriteLaneOptions<Change, Outcome> {
  /**
   * Applies the changes in one transaction: all outcomes, durable, or an error and nothing done. Where it is given
   * another before the last has ended, it does them one after the other.
   */
  readonly transact: (changes: readonly Change[]) => Outcome[] | Promise<Outcome[]>
  /** Changes in one transaction; the event loop turns between two of them. */
  readonly changesMax: number
  /** More changes than these at once are bulk, which others need not wait for the end of. Default: none are. */
  readonly quickMax?: number
  /** Bulk changes in one transaction while quick ones come, which wait for it. Default: `changesMax`. */
  readonly besideQuickMax?: number
  /** Bulk transactions that are handed over at once while no quick ones come, so that none is waited for. Default: 1. */
  readonly bulkAtOnceMax?: number
  /** While not, what is bulk waits and lets others pass; `wake` is to be called when it is again. */
  readonly isReadyForBulk?: () => boolean
  /**
   * After a transaction has run for so long, who waits behind it or comes then is refused until it has ended. Who waits
   * for the end of that one itself is told as much, but for bulk; it may still come through.
   */
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
 * nobody. Transactions keep the order of arrival, but for bulk: while both wait, quick and bulk ones take turns. So
 * while requests come, each waits for one transaction of a sweep at most, and a sweep for one of requests.
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
  /** Bulk transactions that were handed over. */
  #bulkAtWork = 0
  /** Transactions at work that take too long. */
  #stalled = 0

  constructor(options: WriteLaneOptions<Change, Outcome>) {
    this.#options = options
  }

  async write(changes: readonly Change[]): Promise<readonly Outcome[]> {
    const { changesMax, quickMax = Number.POSITIVE_INFINITY, besideQuickMax = changesMax } = this.#options
    const isBulk = changes.length > quickMax
    const queue = isBulk ? this.#bulk : this.#quick
    const pieceMax = isBulk ? besideQuickMax : changesMax
    if (changes.length > 0 && changes.length <= pieceMax) return this.#load(queue, changes)
    const loads: Promise<Outcome[]>[] = []
    for (let start = 0; start < changes.length; start += pieceMax) {
      loads.push(this.#load(queue, changes.slice(start, start + pieceMax)))
    }
    return (await Promise.all(loads)).flat()
  }

  #load(queue: Queue<Change, Outcome>, changes: readonly Change[]): Promise<Outcome[]> {
    return new Promise((resolve, reject) => this.#enqueue(queue, { changes, resolve, reject }))
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
    if (this.#stalled > 0) {
      work.reject(this.#stalledError())
      return
    }
    if (queue === this.#quick && this.#hasBulk) this.#bulkSinceQuick = 0
    queue.push(work)
    this.#running ??= this.#run()
    this.wake()
  }

  /** What was not begun is not done: whoever is refused may ask again without fear. */
  #stall(): void {
    this.#stalled++
    const waiting = [...this.#quick.splice(0), ...this.#bulk.splice(0)]
    for (const { reject } of waiting) reject(this.#stalledError())
  }

  #stalledError(): Error {
    return this.#options.stalled?.() ?? new Error('a write takes too long')
  }

  get #hasBulk(): boolean {
    return this.#bulk.length > 0 || this.#bulkAtWork > 0
  }

  async #run(): Promise<void> {
    while (this.#quick.length > 0 || this.#hasBulk) {
      await this.#gather()
      await this.#doNext()
    }
    this.#running = undefined
    // Who was met an hour ago says nothing of who comes now.
    this.#bulkSinceQuick = Number.POSITIVE_INFINITY
    this.#options.idle?.()
  }

  /** Waits for the next turn of the loop, and for further ones while each brings more; bulk waits for nobody. */
  async #gather(): Promise<void> {
    if (this.#quick.length === 0) return
    for (let turns = 0; turns < gatherTurnsMax; turns++) {
      const waiting = this.#quick.length
      await nextTurn()
      if (this.#quick.length === waiting) return
    }
  }

  async #doNext(): Promise<void> {
    if (this.#isBulkNext()) {
      this.#lastWasBulk = true
      this.#bulkSinceQuick++
      this.#bulkAtWork++
      void this.#transactOnce(this.#bulk).finally(() => {
        this.#bulkAtWork--
        this.wake()
      })
    } else if (this.#quick.length > 0 && this.#bulkAtWork === 0) {
      this.#lastWasBulk = false
      await this.#doQuick()
    } else {
      await this.#sleep()
    }
  }

  /** Quick and bulk take turns. Where no quick ones came lately, further bulk is handed over before its turn. */
  #isBulkNext(): boolean {
    const { isReadyForBulk = () => true, bulkAtOnceMax = 1 } = this.#options
    if (this.#bulk.length === 0 || !isReadyForBulk()) return false
    if (this.#bulkAtWork === 0) return this.#quick.length === 0 || !this.#lastWasBulk
    return this.#quick.length === 0 && !this.#isBesideQuick && this.#bulkAtWork < bulkAtOnceMax
  }

  get #isBesideQuick(): boolean {
    return this.#bulkSinceQuick < besideQuickFor
  }

  /** Until more comes, one that is at work has ended, or bulk may be written. */
  async #sleep(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wakeUp = resolve
    })
  }

  async #doQuick(): Promise<void> {
    const [first] = this.#quick
    if (first === undefined || !('run' in first)) return this.#transactOnce(this.#quick)
    this.#quick.shift()
    first.run()
  }

  async #transactOnce(queue: Queue<Change, Outcome>): Promise<void> {
    const loads = this.#takeLoads(queue)
    const { transact, stalledAfterMs } = this.#options
    let timer: NodeJS.Timeout | undefined
    let isStalled = false
    try {
      const work = transact(loads.flatMap(({ changes }) => changes))
      // While one runs in the event loop, nobody can be told anything.
      if (stalledAfterMs !== undefined && work instanceof Promise) {
        timer = setTimeout(() => {
          isStalled = true
          this.#stall()
          if (queue === this.#quick) for (const { reject } of loads) reject(this.#stalledError())
        }, stalledAfterMs)
      }
      const outcomes = await work
      for (const { changes, resolve } of loads) resolve(outcomes.splice(0, changes.length))
    } catch (error) {
      for (const { reject } of loads) reject(error)
    } finally {
      clearTimeout(timer)
      if (isStalled) this.#stalled--
    }
  }

  #takeLoads(queue: Queue<Change, Outcome>): Load<Change, Outcome>[] {
    const loads: Load<Change, Outcome>[] = []
    const { changesMax, besideQuickMax = changesMax } = this.#options
    const sizeMax = queue === this.#bulk && this.#isBesideQuick ? besideQuickMax : changesMax
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
