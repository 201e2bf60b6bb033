import { TrustError, type TrustErrorCode } from '../trust-error.ts'

/** What OpenSSL's verification says, as Node names it, and what it means here. */
const meanings: Readonly<Record<string, readonly [TrustErrorCode, string]>> = {
  CERT_HAS_EXPIRED: ['peer-certificate-expired', 'its certificate, or one in its chain, has expired'],
  CERT_NOT_YET_VALID: [
    'peer-certificate-not-yet-valid',
    'its certificate, or one in its chain, is not valid yet; compare the clocks of both hosts',
  ],
  INVALID_PURPOSE: ['peer-wrong-purpose', 'its certificate is not made for this side of a connection'],
}

const untrusted: ReadonlySet<string> = new Set([
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'CERT_CHAIN_TOO_LONG',
  'PATH_LENGTH_EXCEEDED',
  'INVALID_CA',
])

/**
 * An error of a handshake as a `TrustError` that names the peer. Errors of the network
 * (`ECONNREFUSED`, `ECONNRESET`, …) stay as they are: they say nothing about trust.
 */
export function explainHandshakeError(error: Error, peer: string): Error {
  if (error instanceof TrustError) return named(error, peer)
  const code = 'code' in error ? String(error.code) : ''
  const [meaning, what] = meanings[code] ?? []
  if (meaning !== undefined) return new TrustError(meaning, `${peer}: ${what}`, { cause: error })
  if (untrusted.has(code)) {
    const message = `${peer}: its certificate does not lead to a root in the trust bundle (${code})`
    return new TrustError('peer-untrusted', message, { cause: error })
  }
  if (/^(ERR_SSL|ERR_TLS|EPROTO)/.test(code)) {
    return new TrustError('handshake-failed', `${peer}: the TLS handshake failed (${error.message})`, {
      cause: error,
    })
  }
  return error
}

function named(error: TrustError, peer: string): TrustError {
  return new TrustError(error.code, `${peer}: ${error.message}`, { details: error.details, cause: error })
}
