import { MayflyError, type ProcessRunner, type RunOptions, type RunResult } from '@mayfly/ca-core'

export type FakeProgram = (
  argv: readonly string[],
  options: RunOptions,
) => Partial<RunResult> | Promise<Partial<RunResult>>

const outputBytesMax = 8_192

/** Programs and processes that exist only as functions; every run and every signal is kept to look at. */
export class FakeProcessRunner implements ProcessRunner {
  readonly runs: { readonly argv: readonly string[]; readonly options: RunOptions }[] = []
  readonly signals: { readonly pid: number; readonly signal: NodeJS.Signals }[] = []
  readonly #programs = new Map<string, FakeProgram>()
  readonly #processes = new Map<number, (signal: NodeJS.Signals) => void>()

  /** Makes `name` a program. What it does not say is exit code 0 and no output. */
  program(name: string, program: FakeProgram = () => ({})): this {
    this.#programs.set(name, program)
    return this
  }

  /** Makes `pid` a process that can be signalled. */
  process(pid: number, onSignal: (signal: NodeJS.Signals) => void = () => undefined): this {
    this.#processes.set(pid, onSignal)
    return this
  }

  async run(argv: readonly [string, ...string[]], options: RunOptions): Promise<RunResult> {
    this.runs.push({ argv, options })
    const program = this.#programs.get(argv[0])
    if (program === undefined) {
      throw new MayflyError('command-failed', `${argv[0]} cannot be started: spawn ${argv[0]} ENOENT`, {
        details: { program: argv[0] },
      })
    }
    const result = { exitCode: 0, timedOut: false, stdout: '', stderr: '', ...(await program(argv, options)) }
    const kept = options.outputBytesMax ?? outputBytesMax
    return {
      ...result,
      exitCode: result.timedOut ? undefined : result.exitCode,
      stdout: result.stdout.slice(-kept),
      stderr: result.stderr.slice(-kept),
    }
  }

  signal(pid: number, signal: NodeJS.Signals): void {
    const onSignal = this.#processes.get(pid)
    if (onSignal === undefined) {
      throw new MayflyError('command-failed', `process ${pid} cannot be sent ${signal}: kill ESRCH`, {
        details: { pid, signal },
      })
    }
    this.signals.push({ pid, signal })
    onSignal(signal)
  }
}
