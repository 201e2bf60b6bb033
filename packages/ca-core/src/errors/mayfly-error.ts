import { type ErrorCode, errorCatalogue, type RetryAdvice } from './error-catalogue.ts'

export type ErrorDetails = Readonly<Record<string, string | number | boolean | readonly string[]>>

export interface MayflyErrorOptions {
  /** What a program may want to know: paths, names, codes of others. Never a secret. */
  readonly details?: ErrorDetails
  readonly cause?: unknown
  /** Overrides the catalogue's advice. */
  readonly retry?: RetryAdvice
}

/**
 * Anything that can go wrong in the world, as against a programmer's mistake (`TypeError`).
 * The message says what was wrong, with which file, host or name, and what to do.
 */
export class MayflyError extends Error {
  override readonly name = 'MayflyError'
  readonly code: ErrorCode
  readonly details: ErrorDetails
  readonly retry: RetryAdvice

  constructor(code: ErrorCode, message: string, options: MayflyErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = options.details ?? {}
    this.retry = options.retry ?? errorCatalogue[code].retry
  }
}

/** Whether `error` is a `MayflyError`, with `code` if one is given. */
export function isMayflyError(error: unknown, code?: ErrorCode): error is MayflyError {
  return error instanceof MayflyError && (code === undefined || error.code === code)
}
