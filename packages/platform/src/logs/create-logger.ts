import { type Clock, formatInstant, MayflyError } from '@mayfly/ca-core'
import { type DestinationStream, destination, type Logger, pino } from 'pino'
import { redactFields, redactText } from './redact.ts'

export type { Logger } from 'pino'

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

export interface LoggerOptions {
  readonly level: LogLevel
  /** The daemon's name, in every line. */
  readonly name: string
  readonly clock: Clock
  /** Standard output where nothing is given. */
  readonly destination?: DestinationStream
}

/**
 * A logger that writes a JSON object a line and lets no passphrase, token or private key pass: fields
 * are redacted by name, and the finished line is searched for what has the form of a key or token.
 * Errors go under `err`. Use `logger.child({ requestId })` for what belongs to one request.
 */
export function createLogger({ level, name, clock, destination: to }: LoggerOptions): Logger {
  return pino(
    {
      level,
      base: { name },
      timestamp: () => `,"time":"${formatInstant(clock.now())}"`,
      formatters: {
        level: (label) => ({ level: label }),
        bindings: (bindings) => redactFields(bindings) as Record<string, unknown>,
        log: (fields) => redactFields(fields) as Record<string, unknown>,
      },
      serializers: { err: describeError },
      hooks: { streamWrite: redactText },
    },
    // Written before the call returns: the last words of a process that dies are the ones that matter.
    to ?? destination({ dest: 1, sync: true }),
  )
}

const causesMax = 5

/** What a log says of an error; `MayflyError`s are expected and need no stack. */
function describeError(error: unknown, depth: number = 0): unknown {
  if (!(error instanceof Error)) return redactFields(error)
  const cause =
    error.cause === undefined || depth >= causesMax ? undefined : describeError(error.cause, depth + 1)
  if (error instanceof MayflyError) {
    return { code: error.code, message: error.message, details: redactFields(error.details), cause }
  }
  return { type: error.name, message: error.message, stack: error.stack, cause }
}
