import { Worker } from 'node:worker_threads'
import { MayflyError } from '@mayfly/ca-core'
import type { TlsMaterial } from '../../../tls/tls-parameters.ts'
import type { Taken } from '../../arrival.ts'
import type { Front, FrontBasis, FrontLimits, FrontSettings, OpenFront } from '../front.ts'
import type { FlatValue } from './flat.ts'
import { packTold, toldPlaces, unpackAlone, unpackEnds } from './packed-answers.ts'
import { type NumberedArrival, unpackArrivals } from './packed-arrivals.ts'
import { unpackError } from './packed-error.ts'
import { type AskedThread, silentMs, standsStill } from './silent-thread.ts'
import type { FrontOrder, FrontReport } from './thread-messages.ts'

/** A thread that ends so often in so short a time would end again. */
const endsMax = 3
const endsWithinMs = 60_000

/**
 * Opens the front in a thread of its own, so that TLS and HTTP do not take the time of whoever decides, signs and
 * stores. Where the thread ends by itself, another takes its place at once; its callers ask again.
 *
 * @param module what the thread runs, for tests to replace
 */
export function frontInThread(log: FrontLog, module: URL = threadModule): OpenFront {
  return async (settings, basis) => {
    const front = new ThreadFront(settings, basis, { log, module })
    await front.open()
    return front
  }
}

/** Is told when a thread ends by itself. */
export interface FrontLog {
  error(fields: { readonly err: unknown }, message: string): void
}

interface ThreadOptions {
  readonly log: FrontLog
  readonly module: URL
}

/** A front whose thread is replaced by another where it ends. */
class ThreadFront implements Front {
  readonly #basis: FrontBasis
  readonly #options: ThreadOptions
  readonly #failed = Promise.withResolvers<MayflyError>()
  /** As they are now, for the next thread. */
  #settings: FrontSettings
  #current: FrontWorker | undefined
  #endedAtMs: number[] = []
  #isClosing = false

  constructor(settings: FrontSettings, basis: FrontBasis, options: ThreadOptions) {
    this.#settings = settings
    this.#basis = basis
    this.#options = options
  }

  get port(): number {
    return this.#settings.listen.port
  }

  get failed(): Promise<MayflyError> {
    return this.#failed.promise
  }

  async open(): Promise<void> {
    const worker = new FrontWorker(this.#options.module, this.#settings, this.#basis)
    this.#current = worker
    const port = await worker.opened
    // Where any port was good at first, the next thread has to come back to this one.
    this.#settings = { ...this.#settings, listen: { ...this.#settings.listen, port } }
    void worker.ended.then((error) => this.#ended(error))
  }

  present(material: TlsMaterial): void {
    this.#settings = { ...this.#settings, material }
    this.#current?.order({ do: 'present', material })
  }

  follow(limits: FrontLimits): void {
    this.#settings = { ...this.#settings, limits }
    this.#current?.order({ do: 'follow', limits })
  }

  async close(): Promise<void> {
    this.#isClosing = true
    await this.#current?.close()
  }

  async #ended(error: unknown): Promise<void> {
    if (this.#isClosing) return
    const nowMs = this.#basis.clock.monotonic()
    this.#endedAtMs = [...this.#endedAtMs.filter((atMs) => nowMs - atMs < endsWithinMs), nowMs]
    this.#options.log.error({ err: error }, 'the thread that serves callers has ended')
    if (this.#endedAtMs.length >= endsMax) {
      this.#fail(`it ended ${endsMax} times within ${endsWithinMs / 1_000} s`, error)
      return
    }
    try {
      await this.open()
    } catch (cause) {
      if (!this.#isClosing) this.#fail('it could not be started again', cause)
    }
  }

  #fail(why: string, cause: unknown): void {
    const message = `The thread that serves callers has ended, and ${why}.`
    this.#failed.resolve(new MayflyError('internal', message, { cause }))
  }
}

/** One thread, from its start to its end: brings what it hands over to the core, and back what is told. */
class FrontWorker {
  /** The port; rejects where it could not be opened. */
  readonly opened: Promise<number>
  /** Resolves with why, where that is known. */
  readonly ended: Promise<unknown>
  readonly #worker: Worker
  readonly #core: FrontBasis['core']
  /** What the core has, by the front's number, until the front is done with it. */
  readonly #taken = new Map<number, Taken>()
  #told: FlatValue[] = []
  #isAwake = false

  constructor(module: URL, settings: FrontSettings, { core, clock }: FrontBasis) {
    this.#core = core
    const worker = new Worker(module, { workerData: settings, resourceLimits })
    this.#worker = worker
    const opened = Promise.withResolvers<number>()
    const ended = Promise.withResolvers<unknown>()
    this.opened = opened.promise
    this.ended = ended.promise
    let because: unknown
    const exited = new AbortController()
    const watch = async (): Promise<void> => {
      await this.opened
      await standsStill(this.#asked(), clock, exited.signal)
      because = new MayflyError('internal', `It has not turned its loop for ${silentMs / 1_000} s.`)
      await worker.terminate()
    }
    watch().catch(() => undefined)
    worker.on('message', (report: FrontReport) => {
      if (report.is === 'turn') this.#turn(report)
      else if (report.is === 'awake') this.#isAwake = true
      else if (report.is === 'open') opened.resolve(report.port)
      else if (report.is === 'refused') opened.reject(unpackError(report.error))
      else void worker.terminate()
    })
    worker.on('error', (error) => {
      because = error
    })
    worker.on('exit', () => {
      exited.abort()
      this.#taken.clear()
      opened.reject(
        because ?? new MayflyError('internal', 'The thread that serves callers ended at its start.'),
      )
      ended.resolve(because)
    })
  }

  order(order: FrontOrder): void {
    this.#worker.postMessage(order)
  }

  async close(): Promise<void> {
    this.order({ do: 'close' })
    await this.ended
  }

  #asked(): AskedThread {
    return {
      ask: () => {
        this.#isAwake = false
        this.order({ do: 'answer' })
      },
      hasAnswered: () => this.#isAwake,
    }
  }

  #turn({ arrivals, ended, alone }: Extract<FrontReport, { is: 'turn' }>): void {
    for (const arrival of unpackArrivals(arrivals)) this.#take(arrival)
    for (const { number, sent } of unpackEnds(ended)) {
      const taken = this.#taken.get(number)
      this.#taken.delete(number)
      taken?.ended(sent)
    }
    for (const answer of alone) this.#core.answered(unpackAlone(answer))
  }

  #take({ number, arrival }: NumberedArrival): void {
    const taken = this.#core.take(arrival)
    this.#taken.set(number, taken)
    void taken.told.then((told) => {
      packTold(this.#told, { number, told })
      if (this.#told.length > toldPlaces) return
      setImmediate(() => {
        const gathered = this.#told
        this.#told = []
        this.order({ do: 'tell', told: gathered })
      })
    })
  }
}

/** Of what a request leaves most is garbage at once. */
const resourceLimits = { maxYoungGenerationSizeMb: 12 }

/** Built code stands beside its own thread module. */
const threadModule: URL = new URL(
  import.meta.url.endsWith('.ts') ? './front-thread.ts' : './front-thread.js',
  import.meta.url,
)
