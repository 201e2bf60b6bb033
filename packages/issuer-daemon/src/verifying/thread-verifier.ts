import { Worker } from 'node:worker_threads'
import { checkSignature, type SignatureCheck, type SignatureVerdict, type Verifier } from '@mayfly/ca-core'
import { packChecks, unpackVerdicts } from './packed-checks.ts'

/** Checks in one message: enough that the message costs little, and few enough that their answers come soon. */
const checksPerMessageMax = 16

/** A check under way, and who waits for it. */
interface Waiting {
  readonly check: SignatureCheck
  resolve(verdict: SignatureVerdict): void
}

/**
 * Has signatures checked in a thread of its own while several requests are at work, so that the event loop goes on
 * with the others meanwhile. What comes in one turn of the loop goes over together. A request that is alone is
 * checked within the call: to wake a thread would take as long as the check. The thread is started when it is first
 * needed. Until it is there nobody waits for it, and should it end, what it owes is checked here.
 */
export class ThreadVerifier implements Verifier {
  #inProgress: () => number = () => 0
  #gathered: Waiting[] = []
  /** What was sent and not yet answered, message by message. */
  readonly #sent: Waiting[][] = []
  #worker: Worker | undefined
  #isReady = false
  /** It could not even begin: the next one would not either. */
  #isGivenUp = false
  readonly #readied: (() => void)[] = []

  /** `inProgress` says how many requests are at work; until somebody says so, each is alone. */
  attend(inProgress: () => number): void {
    this.#inProgress = inProgress
  }

  verify(check: SignatureCheck): SignatureVerdict | Promise<SignatureVerdict> {
    if (this.#isGivenUp || this.#inProgress() <= 1) return checkSignature(check)
    return new Promise((resolve) => {
      this.#gathered.push({ check, resolve })
      if (this.#gathered.length === 1) setImmediate(() => this.#send())
    })
  }

  /** Starts the thread, and resolves when it takes work. */
  async start(): Promise<void> {
    this.#start()
    if (this.#isReady) return
    await new Promise<void>((resolve) => this.#readied.push(resolve))
  }

  async close(): Promise<void> {
    await this.#worker?.terminate()
  }

  #send(): void {
    const gathered = this.#gathered
    this.#gathered = []
    const worker = this.#start()
    if (!this.#isReady) {
      settleHere(gathered)
      return
    }
    for (let start = 0; start < gathered.length; start += checksPerMessageMax) {
      const waiting = gathered.slice(start, start + checksPerMessageMax)
      const packed = packChecks(waiting.map(({ check }) => check))
      this.#sent.push(waiting)
      worker.postMessage(packed, [packed.numbers.buffer, packed.bytes.buffer])
    }
    worker.ref()
  }

  #start(): Worker {
    if (this.#worker !== undefined) return this.#worker
    const worker = new Worker(threadModule, { resourceLimits })
    worker.unref()
    worker.on('message', (answer: Uint8Array) => {
      if (answer.length === 0) this.#begin()
      else this.#answer(worker, unpackVerdicts(answer))
    })
    // `exit` follows, and settles what is left.
    worker.on('error', () => undefined)
    worker.on('exit', () => this.#ended(worker))
    this.#worker = worker
    return worker
  }

  #begin(): void {
    this.#isReady = true
    for (const resolve of this.#readied.splice(0)) resolve()
  }

  #answer(worker: Worker, verdicts: readonly SignatureVerdict[]): void {
    const waiting = this.#sent.shift() ?? []
    // It keeps no process alive but while somebody waits for it.
    if (this.#sent.length === 0) worker.unref()
    waiting.forEach(({ check, resolve }, index) => {
      resolve(verdicts[index] ?? checkSignature(check))
    })
  }

  #ended(worker: Worker): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    this.#isGivenUp = !this.#isReady
    this.#isReady = false
    settleHere(this.#sent.splice(0).flat())
  }
}

function settleHere(waiting: readonly Waiting[]): void {
  for (const { check, resolve } of waiting) resolve(checkSignature(check))
}

/** What a message leaves is garbage at once. */
const resourceLimits = { maxYoungGenerationSizeMb: 4 }

/** Built code stands beside its own thread module. */
const threadModule: URL = new URL(
  import.meta.url.endsWith('.ts') ? './verifier-thread.ts' : './verifier-thread.js',
  import.meta.url,
)
