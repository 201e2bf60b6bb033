import { inspect } from 'node:util'
import { type ErrorCode, type ErrorDetails, MayflyError, type RetryAdvice } from '@mayfly/ca-core'

/** An error, whose class would be lost on its way. */
export interface PackedError {
  readonly code: ErrorCode
  readonly message: string
  readonly retry: RetryAdvice
  readonly details: ErrorDetails
  /** As the log would have it. */
  readonly cause?: string
}

export function packError({ code, message, retry, details, cause }: MayflyError): PackedError {
  return { code, message, retry, details, ...(cause !== undefined && { cause: inspect(cause) }) }
}

export function unpackError({ code, message, retry, details, cause }: PackedError): MayflyError {
  return new MayflyError(code, message, { retry, details, ...(cause !== undefined && { cause }) })
}
