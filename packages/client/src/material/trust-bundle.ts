import { X509Certificate } from 'node:crypto'
import type { Instant } from '../options.ts'
import { TrustError } from '../trust-error.ts'
import { certificateBlocks } from './pem-blocks.ts'

/** The roots that are trusted, at least one, PEM. Never empty: Node reads an empty `ca` as "the public roots". */
export type TrustedRoots = readonly [string, ...string[]]

/**
 * Reads `bundle.pem`. Throws `bundle-invalid` unless every byte of it is a CA certificate (or a
 * comment) and at least one of them is valid at `now`.
 */
export function parseTrustBundle(text: string, path: string, now: Instant): TrustedRoots {
  const blocks = certificateBlocks(text)
  if (blocks === undefined) throw invalid(path, 'holds something else than PEM certificates')
  const certificates = blocks.map((block, index) => parseRoot(block, path, index))
  if (!certificates.some((certificate) => isValidAt(certificate, now))) {
    throw invalid(path, blocks.length === 0 ? 'holds no certificate' : 'holds no root that is valid now')
  }
  const [first, ...others] = blocks
  if (first === undefined) throw invalid(path, 'holds no certificate')
  return [first, ...others]
}

/** The intermediates that the bundle distrusts, SHA-256 in lower hex: comments in `bundle.pem`, as the agent writes it. */
export function parseDistrusted(text: string): readonly string[] {
  return Array.from(text.matchAll(/^# distrusted: ([0-9a-f]{64})$/gm), ([, fingerprint = '']) => fingerprint)
}

function parseRoot(block: string, path: string, index: number): X509Certificate {
  const which = `certificate ${index + 1}`
  let certificate: X509Certificate
  try {
    certificate = new X509Certificate(block)
  } catch (cause) {
    throw invalid(path, `has a ${which} that cannot be read`, cause)
  }
  // A leaf in the bundle would be trusted as if it had come from a root.
  if (!certificate.ca) throw invalid(path, `has a ${which} that is not a CA (${certificate.subject})`)
  return certificate
}

function isValidAt(certificate: X509Certificate, now: Instant): boolean {
  return certificate.validFromDate.getTime() <= now && now < certificate.validToDate.getTime()
}

function invalid(path: string, what: string, cause?: unknown): TrustError {
  const message = `The trust bundle ${path} ${what}; nothing is trusted without it. Install it again.`
  return new TrustError('bundle-invalid', message, { details: { path }, cause })
}
