export interface RunOptions {
  readonly timeoutMs: number
  /** Added to a minimal environment (PATH, LANG=C.UTF-8); never inherits the rest. */
  readonly env?: Readonly<Record<string, string>>
  readonly input?: Uint8Array
  /** How much of the end of each output is kept. Default: 8 KiB. */
  readonly outputBytesMax?: number
}

export interface RunResult {
  /** `undefined` where a signal or the time limit ended it. */
  readonly exitCode: number | undefined
  readonly timedOut: boolean
  /** At most the last `outputBytesMax` of each. */
  readonly stdout: string
  readonly stderr: string
}

/** Other programs, run from an argument list and never through a shell. */
export interface ProcessRunner {
  /** Rejects with `command-failed` only if the program could not be started at all. */
  run(argv: readonly [string, ...string[]], options: RunOptions): Promise<RunResult>
  /** Sends a signal; throws `command-failed` if there is no such process or it is not ours to signal. */
  signal(pid: number, signal: NodeJS.Signals): void
}
