import { X509Certificate } from 'node:crypto'
import type { DetailedPeerCertificate, PeerCertificate } from 'node:tls'
import { TrustError } from '../trust-error.ts'
import { twinFingerprint } from './signature-twin.ts'

/** A chain is a leaf, an intermediate and a root; whatever is longer was made to be walked for ever. */
const chainLengthMax = 8

/** What a chain is held against that OpenSSL has verified. */
export interface DistrustRules {
  /** SHA-256 of intermediates that no chain may lead through, lower hex. */
  readonly distrusted: readonly string[]
  /** SHA-256 of the roots of the bundle, lower hex. */
  readonly rootFingerprints: ReadonlySet<string>
}

/**
 * Why a chain is refused that OpenSSL has verified: it leads through an intermediate that the bundle distrusts, as its
 * key is in other hands. Undefined where it doesn't.
 *
 * Node does not show which chain OpenSSL has verified. It links what the peer has sent by names and key ids, and a
 * thief can send a certificate with those of the intermediate that OpenSSL passes over, as it has expired. So each
 * link's signature is verified here too, up to a root of the bundle: the intermediate in between is then the one. What
 * does not lead there is refused, and so is what is too long. Costs nothing while the bundle distrusts nobody.
 */
export function refuseDistrusted(
  peer: PeerCertificate | DetailedPeerCertificate | undefined,
  { distrusted, rootFingerprints }: DistrustRules,
): TrustError | undefined {
  if (distrusted.length === 0) return undefined
  let shown: PeerCertificate | DetailedPeerCertificate | undefined = peer
  for (let length = 0; length < chainLengthMax; length++) {
    if (shown?.raw === undefined) return unclear('ends before a root of the trust bundle')
    const certificate = new X509Certificate(shown.raw)
    const found = formsOf(certificate).find((fingerprint) => distrusted.includes(fingerprint))
    if (found !== undefined) return leadsThrough(found)
    if (rootFingerprints.has(fingerprintOf(certificate))) return undefined
    shown = aboveOf(shown)
    if (shown?.raw !== undefined && !isSignedBy(certificate, shown.raw)) {
      return unclear(`has a certificate "${shortened(certificate.subject)}" that the next one did not sign`)
    }
  }
  return unclear(`has more than ${chainLengthMax} certificates`)
}

/** A certificate's fingerprint, and the other one that its signature can be given. */
function formsOf(certificate: X509Certificate): string[] {
  const twin = twinFingerprint(certificate.raw)
  return [fingerprintOf(certificate), ...(twin === undefined ? [] : [twin])]
}

/** Lower hex. */
export function fingerprintOf({ fingerprint256 }: X509Certificate): string {
  return fingerprint256.replaceAll(':', '').toLowerCase()
}

/** Node links a self-signed certificate to itself. */
function aboveOf(
  shown: PeerCertificate | DetailedPeerCertificate,
): PeerCertificate | DetailedPeerCertificate | undefined {
  const above = 'issuerCertificate' in shown ? shown.issuerCertificate : undefined
  return above === shown ? undefined : above
}

function isSignedBy(certificate: X509Certificate, issuer: Uint8Array): boolean {
  try {
    return certificate.verify(new X509Certificate(issuer).publicKey)
  } catch {
    return false
  }
}

function leadsThrough(distrusted: string): TrustError {
  const message = `The peer's certificate is under the intermediate ${distrusted}, which the trust bundle distrusts`
  return new TrustError('peer-untrusted', message, { details: { distrusted } })
}

function unclear(what: string): TrustError {
  return new TrustError(
    'peer-untrusted',
    `The peer's chain ${what}, so nobody can say that it is not under an intermediate which the trust bundle ` +
      'distrusts; have the peer send its certificate and its intermediate, and nothing else',
  )
}

/** A peer chooses its names. */
function shortened(subject: string): string {
  const line = subject.replaceAll(/[^\x20-\x7e]+/g, ' ')
  return line.length <= 80 ? line : `${line.slice(0, 79)}…`
}
