import type { Instant } from '@mayfly/ca-core'
import type { ProbeEndpoint } from './endpoint.ts'

/** What one look at one live port found. */
export type ProbeResult = ServedResult | FailedResult

export interface ServedResult {
  readonly outcome: 'served'
  readonly endpoint: ProbeEndpoint
  /** Of the leaf that the server showed: lower-case hexadecimal. */
  readonly serial: string
  /** SHA-256 of its DER, lower-case hexadecimal. */
  readonly fingerprint: string
  readonly notAfter: Instant
  /** `cut` where the server ended the handshake after it had shown its certificate, as for want of ours. */
  readonly handshake: 'completed' | 'cut'
  /** Whether a client that holds the bundle alone accepts what was served. */
  readonly trust: { readonly ok: true } | { readonly ok: false; readonly reason: string }
}

export interface FailedResult {
  readonly outcome: 'failed'
  readonly endpoint: ProbeEndpoint
  readonly because:
    | 'refused'
    | 'unresolved'
    | 'unreachable'
    | 'timeout'
    | 'closed'
    | 'not-tls'
    | 'no-certificate'
    /** It showed a certificate, and did not sign with its key. */
    | 'key-unproven'
  /** What happened, with the endpoint, and what to do. */
  readonly message: string
}
