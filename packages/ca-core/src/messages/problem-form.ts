import type { ErrorCode } from '../errors/error-catalogue.ts'

/** Long enough for any sentence of Mayfly's, short enough for a log line. */
export const problemTextCharactersMax = 2_048

/** An error on the wire (RFC 9457), with the stable `code` and the id under which the issuer logged it. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: ErrorCode
  readonly requestId: string
}

/** The `type` of a problem: a URN, because Mayfly has no web site to point to. */
export function problemType(code: ErrorCode): string {
  return `urn:mayfly:error:${code}`
}
