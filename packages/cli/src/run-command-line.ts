import { CommanderError } from 'commander'
import { CommandFailure } from './errors/command-failure.ts'
import { type DescribedError, describeError, errorToJson } from './errors/describe-error.ts'
import { exitCodes } from './errors/exit-codes.ts'
import { createProgram } from './program.ts'
import { printableLines } from './terminal/printable.ts'

/** Runs `mayfly` with the arguments after its name. Tells of every error itself; resolves to the exit code. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  const complaints: string[] = []
  const program = createProgram((complaint) => complaints.push(complaint), argv)
  try {
    await program.parseAsync(argv, { from: 'user' })
    return Number(process.exitCode ?? 0)
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0
    if (isHelp(error)) {
      process.stderr.write(complaints.join(''))
      return exitCodes.usage
    }
    const described = describe(error, complaints)
    tell(described, argv.includes('--json'))
    return described.exitCode
  }
}

/** `mayfly`, or `mayfly root`: what it can do is shown, and is no sentence of an error. */
function isHelp(error: unknown): boolean {
  return error instanceof CommanderError && error.code === 'commander.help'
}

function describe(error: unknown, complaints: readonly string[]): DescribedError {
  if (error instanceof CommanderError) return describeMisuse(complaints, error)
  if (error instanceof CommandFailure) return { ...describeError(error.cause), exitCode: error.exitCode }
  return describeError(error)
}

/** What commander complained of, such as an unknown option, with its suggestion of the nearest. */
function describeMisuse(complaints: readonly string[], error: CommanderError): DescribedError {
  const message = (complaints.join('') || error.message).trim().replace(/^error: /, '')
  return { code: 'usage', message, details: {}, exitCode: exitCodes.usage }
}

function tell(error: DescribedError, asJson: boolean): void {
  process.stderr.write(
    asJson ? `${errorToJson(error)}\n` : `mayfly: ${printableLines(error.message)} (${error.code})\n`,
  )
}
