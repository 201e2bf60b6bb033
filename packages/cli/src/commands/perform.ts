import { CommandFailure } from '../errors/command-failure.ts'
import type { Answer } from '../terminal/answer.ts'
import { openSession, type Session } from './session.ts'

/** Does a command's work and says what came of it; nothing where the work itself has said all. */
export type Work<Options> = (options: Options, session: Session) => Promise<Answer | undefined>

/**
 * Runs one command: loads its code, opens the session, prints the answer, sets the exit code.
 * Everything is loaded here and not before, so that `mayfly --help` is quick.
 */
export async function perform<Options extends { readonly json?: boolean }>(
  load: () => Promise<Work<Options>>,
  options: Options,
): Promise<void> {
  const [work, session] = await Promise.all([load(), openSession(options)])
  const answer = await work(options, session)
  if (answer === undefined) return
  const text = session.json ? JSON.stringify(answer.json) : answer.lines.join('\n')
  process.stdout.write(`${text}\n`)
  process.exitCode = answer.exitCode ?? 0
}

/** As monitoring plug-ins have it. */
export const monitoringExitCodes = { ok: 0, warning: 1, critical: 2, unknown: 3 } as const

/** The same for a command that monitoring asks: an error exits as `exitCodeOf` says. */
export async function performForMonitoring<Options extends { readonly json?: boolean }>(
  load: () => Promise<Work<Options>>,
  options: Options,
  exitCodeOf: (error: unknown) => number,
): Promise<void> {
  try {
    await perform(load, options)
  } catch (error) {
    throw new CommandFailure(error, exitCodeOf(error))
  }
}
