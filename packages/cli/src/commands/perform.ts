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
