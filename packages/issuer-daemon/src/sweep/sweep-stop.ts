import type { ErrorCode, MayflyError } from '@mayfly/ca-core'

/** Why a sweep ended before its end. */
export interface SweepStop {
  readonly code: ErrorCode
  /** A sentence that says what to do. */
  readonly message: string
}

/** What of `error` goes into the report of the sweep that it ended. */
export function stopOf({ code, message }: MayflyError): SweepStop {
  return { code, message }
}
