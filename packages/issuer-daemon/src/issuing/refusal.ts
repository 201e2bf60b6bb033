import { type ErrorCode, type ErrorDetails, MayflyError, type RetryAdvice } from '@mayfly/ca-core'

/** A decision against a request, with what the caller is told. */
export interface Refusal {
  readonly do: 'refuse'
  readonly code: ErrorCode
  readonly message: string
  readonly details?: ErrorDetails
  readonly retry?: RetryAdvice
}

export function refuse(
  code: ErrorCode,
  message: string,
  options: { readonly details?: ErrorDetails; readonly retry?: RetryAdvice } = {},
): Refusal {
  return { do: 'refuse', code, message, ...options }
}

export function refusalError({ code, message, details, retry }: Refusal): MayflyError {
  return new MayflyError(code, message, { ...(details && { details }), ...(retry && { retry }) })
}
