import { Worker } from 'node:worker_threads'
import type { Change, ChangeOutcome } from '../change.ts'
import type { BulkAnswer, BulkOrder } from './bulk-order.ts'
import { BulkWriterEnded } from './bulk-writer-ended.ts'

/**
 * A thread with a connection of its own, which writes what is too much to keep the event loop from everything else.
 * It is started when it is first needed. Only one connection may write at a time; the caller sees to that.
 */
export class BulkWriter {
  readonly #path: string
  #worker: Worker | undefined
  #waiting: Waiting | undefined

  constructor(path: string) {
    this.#path = path
  }

  /** @throws what SQLite throws there, and `BulkWriterEnded` */
  async transact(changes: readonly Change[]): Promise<ChangeOutcome[]> {
    const worker = this.#start()
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      worker.ref()
      worker.postMessage({ do: 'transact', changes: changes.map(withOwnBytes) } satisfies BulkOrder)
    })
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
    // It keeps no process alive but while somebody waits for it.
    worker.unref()
    worker.on('message', (answer: BulkAnswer) => {
      worker.unref()
      this.#settle(answer)
    })
    worker.on('error', (error) => this.#ended(worker, error))
    worker.on('exit', () => this.#ended(worker, undefined))
    this.#worker = worker
    return worker
  }

  #settle(answer: BulkAnswer): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    if (answer.done) waiting?.resolve([...answer.outcomes])
    else waiting?.reject(Object.assign(new Error(answer.error.message), answer.error))
  }

  #ended(worker: Worker, cause: unknown): void {
    // `exit` follows `error`; by then another thread may be at work, and what waits is waiting for that one.
    if (this.#worker !== worker) return
    this.#worker = undefined
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.reject(new BulkWriterEnded('the writing thread ended', { cause }))
  }
}

interface Waiting {
  resolve(outcomes: ChangeOutcome[]): void
  reject(error: unknown): void
}

/** What a transaction leaves is garbage at once; without a bound V8 would let it grow to several times as much. */
const resourceLimits = { maxYoungGenerationSizeMb: 6 }

/** Built code stands beside its own thread module. */
const threadModule: URL = new URL(
  import.meta.url.endsWith('.ts') ? './bulk-thread.ts' : './bulk-thread.js',
  import.meta.url,
)

/** A view would take the whole of its buffer along. */
function withOwnBytes(change: Change): Change {
  if (!change.parts.some((part) => part.do === 'record' && !ownsItsBytes(part.certificate.der))) return change
  const parts = change.parts.map((part) =>
    part.do === 'record'
      ? { ...part, certificate: { ...part.certificate, der: new Uint8Array(part.certificate.der) } }
      : part,
  )
  return { ...change, parts }
}

function ownsItsBytes(bytes: Uint8Array): boolean {
  return bytes.byteLength === bytes.buffer.byteLength
}
