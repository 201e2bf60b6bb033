import { type ChildProcess, fork } from 'node:child_process'
import { MayflyError } from '@mayfly/ca-core'
import type { HsmAnswer, HsmCall, HsmCalls, HsmFault } from './hsm-messages.ts'

/** A token on the network answers within milliseconds; what takes this long has lost it. */
const answerMsMax = 10_000
/** Cards take a minute for an RSA key of 4,096 bits. */
const makingMsMax = 300_000
/** How long a module may take to say goodbye. */
const endingMsMax = 2_000

export type HsmProcessFault =
  | HsmFault
  /** The process ended, or was ended because it did not answer. */
  | { readonly is: 'ended'; readonly message: string }

/** Why a call to the process failed. */
export class HsmProcessError extends Error {
  readonly fault: HsmProcessFault

  constructor(fault: HsmProcessFault) {
    super(`the HSM process: ${fault.is}`)
    this.fault = fault
  }
}

export interface HsmProcessOptions {
  /** Given to the process: modules find their own configuration by it. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** How long an answer may take; for tests to shorten. */
  readonly answerMs?: number
}

interface Waiting {
  readonly limitMs: number
  resolve(value: unknown): void
  reject(error: HsmProcessError): void
}

/**
 * A process of its own for the PKCS #11 module. It is asked one thing after another; what it cannot do any more it does
 * not take along: a crash, or a call that does not come back, ends the process and rejects what waits.
 */
export class HsmProcess {
  readonly #child: ChildProcess
  readonly #answerMs: number
  readonly #waiting = new Map<number, Waiting>()
  readonly #ended: Promise<void>
  #asked = 0
  #endedBecause: string | undefined
  #timer: NodeJS.Timeout | undefined

  constructor({ environment, answerMs = answerMsMax }: HsmProcessOptions) {
    requireForeignCalls()
    this.#answerMs = answerMs
    this.#child = fork(childModule, {
      // Flags of this process are for this process, such as those of its tests.
      execArgv: ['--experimental-ffi', '--disable-warning=ExperimentalWarning'],
      // Bytes go over as they are.
      serialization: 'advanced',
      env: { ...environment, NODE_OPTIONS: '' },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    this.#ended = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => {
        this.#end(signal === null ? `its process ended with ${code}` : `its process ended by ${signal}`)
        resolve()
      })
      this.#child.once('error', (error) => {
        this.#end(`its process cannot be started: ${error.message}`)
        resolve()
      })
    })
    this.#child.on('message', (answer: HsmAnswer) => this.#take(answer))
  }

  get isEnded(): boolean {
    return this.#endedBecause !== undefined
  }

  /** @throws HsmProcessError */
  ask<Call extends HsmCall>(call: Call, ask: HsmCalls[Call]['ask']): Promise<HsmCalls[Call]['answer']> {
    return new Promise((resolve, reject) => {
      if (this.#endedBecause !== undefined) {
        reject(new HsmProcessError({ is: 'ended', message: this.#endedBecause }))
        return
      }
      const number = ++this.#asked
      const limitMs = call === 'make-key' ? makingMsMax : this.#answerMs
      this.#waiting.set(number, { limitMs, resolve: resolve as Waiting['resolve'], reject })
      this.#child.send({ number, call, ...ask }, (error) => {
        if (error !== null) this.#end(`its process cannot be asked: ${error.message}`)
      })
      if (this.#waiting.size === 1) this.#watch()
    })
  }

  /** Lets it say goodbye to the token, or ends it. */
  async close(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect()
    const patience = setTimeout(() => this.#child.kill('SIGKILL'), endingMsMax)
    await this.#ended
    clearTimeout(patience)
  }

  #take(answer: HsmAnswer): void {
    const waiting = this.#waiting.get(answer.number)
    this.#waiting.delete(answer.number)
    this.#watch()
    if ('fault' in answer) waiting?.reject(new HsmProcessError(answer.fault))
    else waiting?.resolve(answer.value)
  }

  /** Answers come in order: where none has come for too long, the module hangs. */
  #watch(): void {
    clearTimeout(this.#timer)
    const [oldest] = this.#waiting.values()
    if (oldest === undefined) return
    this.#timer = setTimeout(() => {
      this.#child.kill('SIGKILL')
      this.#end(`its module did not answer within ${oldest.limitMs / 1_000} s`)
    }, oldest.limitMs)
  }

  #end(because: string): void {
    this.#endedBecause ??= because
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    this.#watch()
    for (const { reject } of waiting)
      reject(new HsmProcessError({ is: 'ended', message: this.#endedBecause }))
  }
}

/** @throws MayflyError `config-invalid` where this release of Node cannot call foreign functions */
function requireForeignCalls(): void {
  if (process.allowedNodeEnvironmentFlags.has('--experimental-ffi')) return
  throw new MayflyError(
    'config-invalid',
    `An HSM needs Node 26.1 or later, with node:ffi; ${process.execPath} is ${process.versions.node}. ` +
      'Install a newer one, or keep the key in a file: take `hsm` out of the configuration.',
  )
}

/** Built code stands beside its own module. */
const childModule: URL = new URL(
  import.meta.url.endsWith('.ts') ? './child/hsm-child.ts' : './child/hsm-child.js',
  import.meta.url,
)
