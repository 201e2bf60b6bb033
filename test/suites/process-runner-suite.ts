import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isMayflyError, type ProcessRunner } from '@mayfly/ca-core'

type Argv = readonly [string, ...string[]]

/** A runner and programs in it that behave as their names say. */
export interface ProcessRunnerSubject {
  readonly runner: ProcessRunner
  readonly programs: {
    /** Prints `out` on standard output, `err` on standard error and ends with 0. */
    readonly talks: Argv
    /** Ends with exit code 3. */
    readonly fails: Argv
    /** Prints its input. */
    readonly repeatsInput: Argv
    /** Prints the environment variable COLOUR. */
    readonly printsColour: Argv
    /** Prints 20,000 times `a`, then `end`. */
    readonly printsMuch: Argv
    /** Never ends by itself. */
    readonly hangs: Argv
    /** There is no such program. */
    readonly isMissing: Argv
  }
  /** A process that may be signalled; `ended` resolves once it got SIGTERM. */
  start(): { readonly pid: number; readonly ended: Promise<void> }
}

const timeoutMs = 20_000

/** What every `ProcessRunner` keeps. */
export function processRunnerSuite(name: string, create: () => ProcessRunnerSubject): void {
  describe(`ProcessRunner, ${name}`, () => {
    it('run: a program that ends well → exit code 0 and both outputs', async () => {
      const { runner, programs } = create()
      assert.deepEqual(await runner.run(programs.talks, { timeoutMs }), {
        exitCode: 0,
        timedOut: false,
        stdout: 'out',
        stderr: 'err',
      })
    })

    it('run: a program that fails → its exit code, no error', async () => {
      const { runner, programs } = create()
      assert.equal((await runner.run(programs.fails, { timeoutMs })).exitCode, 3)
    })

    it('run: input → the program reads it', async () => {
      const { runner, programs } = create()
      const input = new TextEncoder().encode('grüße')
      assert.equal((await runner.run(programs.repeatsInput, { timeoutMs, input })).stdout, 'grüße')
    })

    it('run: input that nobody reads → no error', async () => {
      const { runner, programs } = create()
      const input = new Uint8Array(1_000_000)
      assert.equal((await runner.run(programs.talks, { timeoutMs, input })).exitCode, 0)
    })

    it('run: an environment → the program sees it', async () => {
      const { runner, programs } = create()
      const { stdout } = await runner.run(programs.printsColour, { timeoutMs, env: { COLOUR: 'red' } })
      assert.equal(stdout, 'red')
    })

    it('run: more output than is kept → the end of it', async () => {
      const { runner, programs } = create()
      const { stdout } = await runner.run(programs.printsMuch, { timeoutMs })
      assert.equal(stdout.length, 8_192)
      assert.ok(stdout.endsWith('aend'))
    })

    it('run: over the time limit → timedOut, no exit code', async () => {
      const { runner, programs } = create()
      const result = await runner.run(programs.hangs, { timeoutMs: 100 })
      assert.equal(result.timedOut, true)
      assert.equal(result.exitCode, undefined)
    })

    it('run: no such program → command-failed', async () => {
      const { runner, programs } = create()
      await assert.rejects(runner.run(programs.isMissing, { timeoutMs }), (error) =>
        isMayflyError(error, 'command-failed'),
      )
    })

    it('signal: a process → it gets the signal', async () => {
      const { runner, start } = create()
      const { pid, ended } = start()
      runner.signal(pid, 'SIGTERM')
      await ended
    })

    it('signal: no such process, a group, the machine itself → command-failed', () => {
      const { runner } = create()
      // Linux gives no process an id above 2^22.
      for (const pid of [2 ** 22 + 1, 0, -1, 1, 1.5, Number.NaN]) {
        assert.throws(
          () => runner.signal(pid, 'SIGTERM'),
          (error) => isMayflyError(error, 'command-failed'),
        )
      }
    })
  })
}
