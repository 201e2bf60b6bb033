import { type ErrorCode, MayflyError, type ProcessRunner, type RunResult } from '@mayfly/ca-core'

export type Argv = readonly [string, ...string[]]

export interface ProgramRun {
  readonly processRunner: ProcessRunner
  readonly argv: Argv
  /** What a failure means. */
  readonly failure: Extract<ErrorCode, 'check-failed' | 'reload-failed'>
  readonly timeoutMs?: number
  readonly env?: Readonly<Record<string, string>>
  /** For a program whose output is needed whole. */
  readonly outputBytesMax?: number
}

/** A server's own test reads all of its configuration; some read a lot. */
export const programTimeoutMs = 30_000

/** Enough for the line that matters, which most programs print last. */
const shownCharactersMax = 600

/** Caddy logs its progress beside its error; the times in there would make each failure another one. */
const justTelling = /^\{"level":"(?:info|debug)",/

/** Runs a program that must exit with 0. Throws `failure` with what it printed. */
export async function runProgram(run: ProgramRun): Promise<RunResult> {
  const timeoutMs = run.timeoutMs ?? programTimeoutMs
  const result = await start(run, timeoutMs)
  if (result.exitCode === 0) return result
  const how = result.timedOut
    ? `did not end within ${timeoutMs / 1_000} s`
    : result.exitCode === undefined
      ? 'was ended by a signal'
      : `exited with ${result.exitCode}`
  throw new MayflyError(run.failure, `${shown(run.argv)} ${how}${saying(result)}`, {
    details: { program: run.argv[0], exitCode: result.exitCode ?? -1 },
  })
}

async function start(run: ProgramRun, timeoutMs: number): Promise<RunResult> {
  const { processRunner, argv, failure, env, outputBytesMax } = run
  try {
    return await processRunner.run(argv, {
      timeoutMs,
      ...(env !== undefined && { env }),
      ...(outputBytesMax !== undefined && { outputBytesMax }),
    })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new MayflyError(failure, `${reason}. Is it installed, and may the agent run it?`, {
      details: { program: argv[0] },
      cause,
    })
  }
}

function saying({ stdout, stderr }: RunResult): string {
  // In one line, as alarms and tables show it.
  const text = `${stderr}\n${stdout}`
    .trim()
    .split(/\s*\n\s*/)
    .filter((line) => !justTelling.test(line))
    .join('; ')
    .slice(-shownCharactersMax)
  return text === '' ? '.' : `: ${text}`
}

function shown(argv: Argv): string {
  return argv.map((part) => (/^[\w@%+=:,./-]+$/.test(part) ? part : JSON.stringify(part))).join(' ')
}
