import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { childProgram } from '../../../../test/support/child-program.ts'

/** An issuer in a process of its own, and every line that it logs. */
export class IssuerProcess {
  readonly child: ChildProcess
  readonly lines: string[] = []
  #watchers: (() => void)[] = []
  errors = ''

  constructor(configPath: string, env: NodeJS.ProcessEnv = {}) {
    const script = join(import.meta.dirname, 'run-issuer.ts')
    this.child = spawn(process.execPath, [...childProgram(script), configPath], {
      env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    createInterface({ input: this.child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      this.lines.push(line)
      for (const watcher of this.#watchers.splice(0)) watcher()
    })
    this.child.stderr?.on('data', (chunk) => {
      this.errors += String(chunk)
    })
  }

  get pid(): number {
    return this.child.pid ?? assert.fail('the issuer was not started')
  }

  /** What was logged, as it was logged. */
  records(): Record<string, unknown>[] {
    return this.lines.map((line) => JSON.parse(line))
  }

  /** The first line from `from` on with that message. */
  async logged(message: string, from = 0): Promise<Record<string, unknown>> {
    for (;;) {
      const found = this.lines.slice(from).find((line) => JSON.parse(line).msg === message)
      if (found !== undefined) return JSON.parse(found)
      if (this.child.exitCode !== null) assert.fail(`ended before "${message}": ${this.errors}`)
      await new Promise<void>((resolve) => {
        this.#watchers.push(resolve)
        this.child.once('exit', () => resolve())
      })
    }
  }

  async stopped(): Promise<number | null> {
    if (this.child.exitCode === null) {
      this.child.kill('SIGTERM')
      await once(this.child, 'exit')
    }
    return this.child.exitCode
  }

  async killed(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    this.child.kill('SIGKILL')
    await once(this.child, 'exit')
  }
}
