/** Every reason why a connection or its material can be refused. Codes are stable. */
export type TrustErrorCode =
  // The files on this host
  | 'bundle-missing'
  | 'bundle-invalid'
  | 'certificate-missing'
  | 'certificate-invalid'
  | 'key-missing'
  | 'key-invalid'
  | 'key-mismatch'
  | 'file-unreadable'
  | 'own-certificate-expired'
  | 'own-certificate-not-yet-valid'
  | 'watch-failed'
  // The other side
  | 'peer-missing'
  | 'peer-untrusted'
  | 'peer-certificate-expired'
  | 'peer-certificate-not-yet-valid'
  | 'peer-wrong-purpose'
  | 'peer-lifetime-too-long'
  | 'peer-name-mismatch'
  | 'peer-not-allowed'
  // The connection
  | 'session-resumed'
  | 'handshake-failed'
  | 'connect-timeout'
  | 'not-https'
  | 'closed'

/** What a program may want to know beside the sentence. Never a secret. */
export type TrustErrorDetails = Readonly<Record<string, string | number | readonly string[]>>

export interface TrustErrorOptions {
  readonly details?: TrustErrorDetails
  readonly cause?: unknown
}

/**
 * Trust was not established, so nothing was sent. The message says what was wrong, with which
 * file or host, and what to do. `code` is for programs.
 */
export class TrustError extends Error {
  override readonly name = 'TrustError'
  readonly code: TrustErrorCode
  readonly details: TrustErrorDetails

  constructor(code: TrustErrorCode, message: string, options: TrustErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = options.details ?? {}
  }
}
