import type { ErrorCode, ErrorDetails } from '@mayfly/ca-core'
import { exitCodes } from './exit-codes.ts'

/** An error as the command line tells of it, on standard error. */
export interface DescribedError {
  readonly code: ErrorCode
  readonly message: string
  readonly details: ErrorDetails
  readonly exitCode: number
}

/**
 * What to tell of anything that was thrown. An error that is none of Mayfly's own is `internal`: its message
 * is for a report, and says so.
 */
export function describeError(error: unknown): DescribedError {
  if (isMayflyLike(error)) {
    return {
      code: error.code,
      message: error.message,
      details: error.details,
      exitCode: exitCodes[error.code],
    }
  }
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
  const message = `Something inside Mayfly went wrong. Please report this:\n${what}`
  return { code: 'internal', message, details: {}, exitCode: exitCodes.internal }
}

interface MayflyLike extends Error {
  readonly code: ErrorCode
  readonly details: ErrorDetails
}

/** By its shape, so that telling of a mistyped option needs no cryptography to be loaded. */
function isMayflyLike(error: unknown): error is MayflyLike {
  return (
    error instanceof Error &&
    error.name === 'MayflyError' &&
    'code' in error &&
    String(error.code) in exitCodes
  )
}

/** One JSON object in one line. */
export function errorToJson({ code, message, details, exitCode }: DescribedError): string {
  return JSON.stringify({ error: { code, message, details, exitCode } })
}
