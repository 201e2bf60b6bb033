import { Worker } from 'node:worker_threads'
import type { Change, ChangeOutcome } from '../../change.ts'
import { changesPerCheckpoint } from '../connect.ts'
import type { BulkAnswer, BulkOrder, BulkReport } from './bulk-order.ts'
import { BulkWriterEnded } from './bulk-writer-ended.ts'
import { packChanges } from './packed-changes.ts'

/**
 * A thread with a connection of its own, which writes what is too much to keep the event loop from everything else.
 * It is started when it is first needed. Only one connection may write at a time; the caller sees to that.
 */
export class BulkWriter {
  readonly #path: string
  readonly #onCheckpoint: () => void
  #worker: Worker | undefined
  /** For the orders that it was given, in their order. */
  readonly #waiting: Waiting[] = []
  /** Since the log was taken into the file. */
  #changesInLog = 0
  #isCheckpointing = false

  /** `onCheckpoint` is told when what was written is in the file and no longer in the log alone. */
  constructor(path: string, onCheckpoint: () => void = () => undefined) {
    this.#path = path
    this.#onCheckpoint = onCheckpoint
  }

  /** It takes its log into the file, and would begin with something else only after that. */
  get isCheckpointing(): boolean {
    return this.#isCheckpointing
  }

  /** Behind what it was given last it takes its log into the file. */
  get willCheckpoint(): boolean {
    return this.#isCheckpointing || this.#waiting.at(-1)?.thenCheckpoint === true
  }

  /** What it is given is done in order, one transaction each. @throws what SQLite throws there, and `BulkWriterEnded` */
  async transact(changes: readonly Change[]): Promise<ChangeOutcome[]> {
    const packed = packChanges(changes)
    const worker = this.#start()
    this.#changesInLog += changes.length
    const thenCheckpoint = this.#changesInLog >= changesPerCheckpoint
    if (thenCheckpoint) this.#changesInLog = 0
    return new Promise<Refused>((resolve, reject) => {
      this.#waiting.push({ thenCheckpoint, resolve, reject })
      worker.ref()
      const order: BulkOrder = { do: 'transact', changes: packed, thenCheckpoint }
      worker.postMessage(order, [packed.bytes.buffer])
    }).then((refused) => outcomesOf(changes.length, refused))
  }

  async close(): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    if (worker === undefined) return
    const ended = new Promise((resolve) => worker.once('exit', resolve))
    worker.ref()
    worker.postMessage({ do: 'close' } satisfies BulkOrder)
    await ended
  }

  #start(): Worker {
    if (this.#worker !== undefined) return this.#worker
    const worker = new Worker(threadModule, { workerData: this.#path, resourceLimits })
    worker.unref()
    worker.on('message', (report: BulkReport) => {
      if (report.done === 'checkpoint') this.#settled()
      else this.#settle(report)
      this.#letGo(worker)
    })
    worker.on('error', (error) => this.#ended(worker, error))
    worker.on('exit', () => this.#ended(worker, undefined))
    this.#worker = worker
    return worker
  }

  /** It keeps no process alive but while somebody waits: for a transaction, for the log to be in the file, for its end. */
  #letGo(worker: Worker): void {
    const isClosing = this.#worker !== worker
    if (this.#waiting.length === 0 && !this.#isCheckpointing && !isClosing) worker.unref()
  }

  #settle(answer: BulkAnswer): void {
    const waiting = this.#waiting.shift()
    if (waiting === undefined) return
    this.#isCheckpointing = waiting.thenCheckpoint
    if (answer.done) waiting.resolve(answer.refused)
    else waiting.reject(Object.assign(new Error(answer.error.message), answer.error))
  }

  #settled(): void {
    this.#isCheckpointing = false
    this.#changesInLog = 0
    this.#onCheckpoint()
  }

  #ended(worker: Worker, cause: unknown): void {
    // `exit` follows `error`; by then another thread may be at work, and what waits is waiting for that one.
    if (this.#worker !== worker) return
    this.#worker = undefined
    const waiting = this.#waiting.splice(0)
    this.#settled()
    for (const { reject } of waiting) reject(new BulkWriterEnded('the writing thread ended', { cause }))
  }
}

type Refused = Extract<BulkAnswer, { done: true }>['refused']

function outcomesOf(count: number, refused: Refused): ChangeOutcome[] {
  const outcomes = Array<ChangeOutcome>(count).fill({ done: true })
  for (const [place, because] of refused) outcomes[place] = { done: false, refused: because }
  return outcomes
}

interface Waiting {
  readonly thenCheckpoint: boolean
  resolve(refused: Refused): void
  reject(error: unknown): void
}

/** What a transaction leaves is garbage at once; without a bound V8 would let it grow to several times as much. */
const resourceLimits = { maxYoungGenerationSizeMb: 6 }

/** Built code stands beside its own thread module. */
const threadModule: URL = new URL(
  import.meta.url.endsWith('.ts') ? './bulk-thread.ts' : './bulk-thread.js',
  import.meta.url,
)
