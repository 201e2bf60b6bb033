import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { childProgram } from '../support/child-program.ts'
import { until } from '../support/servers/started-server.ts'

const programPath = fileURLToPath(
  new URL('../../packages/issuer-daemon/test/support/run-issuer.ts', import.meta.url),
)

interface LogLine {
  readonly msg: string
  readonly step?: string
  readonly minted?: number
  readonly count?: number
}

/** The daemon in a process of its own, one of several on one database, with its log. */
export class IssuerMember {
  readonly #child: ChildProcess
  readonly lines: LogLine[] = []
  #watch: ((line: LogLine) => void) | undefined
  #errors = ''

  constructor(configPath: string) {
    this.#child = spawn(process.execPath, [...childProgram(programPath), configPath], {
      env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }).on('line', (text) => {
      const line = JSON.parse(text) as LogLine
      this.lines.push(line)
      this.#watch?.(line)
    })
    this.#child.stderr?.on('data', (chunk) => {
      this.#errors += String(chunk)
    })
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** Certificates that its sweeps told of. */
  get minted(): number {
    return this.lines.reduce((sum, { msg, minted = 0 }) => sum + (msg === 'swept' ? minted : 0), 0)
  }

  async isReady(): Promise<void> {
    await until(() => {
      if (this.hasEnded) assert.fail(`ended before it was ready: ${this.#errors}`)
      return this.lines.some(({ msg }) => msg === 'ready')
    }, 'a ready issuer')
  }

  /**
   * Sends the signal the moment the log tells of that step for the `nth` time with more than one certificate, so in
   * a sweep; resolves when it is sent.
   */
  signalAt(step: string, nth: number, signal: NodeJS.Signals): Promise<void> {
    let times = 0
    return new Promise((resolve) => {
      this.#watch = (line) => {
        if (line.step !== step || (line.count ?? 0) < 2) return
        times += 1
        if (times < nth) return
        this.#watch = undefined
        this.#child.kill(signal)
        resolve()
      }
    })
  }

  goOn(): void {
    this.#child.kill('SIGCONT')
  }

  /** Ends it in order, or at once where it does not run any more. */
  async stop(): Promise<void> {
    if (this.hasEnded) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGCONT')
    this.#child.kill('SIGTERM')
    const [code] = await ended
    assert.equal(code, 0, this.#errors)
  }

  /** For the end of a test that failed. */
  kill(): void {
    this.#child.kill('SIGKILL')
  }
}
