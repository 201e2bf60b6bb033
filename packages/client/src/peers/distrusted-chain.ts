import type { DetailedPeerCertificate, PeerCertificate } from 'node:tls'
import { TrustError } from '../trust-error.ts'
import { twinFingerprint } from './signature-twin.ts'

/** A chain is a leaf, an intermediate and a root; whatever is longer was made to be walked for ever. */
const chainLengthMax = 8

/**
 * Why a chain is refused that OpenSSL has verified: it leads through an intermediate that the bundle distrusts, as its
 * key is in other hands. Undefined where it doesn't.
 */
export function refuseDistrusted(
  peer: PeerCertificate | DetailedPeerCertificate,
  distrusted: readonly string[],
): TrustError | undefined {
  if (distrusted.length === 0) return undefined
  const found = fingerprintsOf(peer).find((fingerprint) => distrusted.includes(fingerprint))
  if (found === undefined) return undefined
  const message = `The peer's certificate is under the intermediate ${found}, which the trust bundle distrusts`
  return new TrustError('peer-untrusted', message, { details: { distrusted: found } })
}

/** Of the whole chain, lower hex, in each form that verifies. */
function fingerprintsOf(peer: PeerCertificate | DetailedPeerCertificate): string[] {
  const found: string[] = []
  let at: PeerCertificate | DetailedPeerCertificate | undefined = peer
  while (at?.fingerprint256 !== undefined && found.length < 2 * chainLengthMax) {
    found.push(at.fingerprint256.replaceAll(':', '').toLowerCase())
    const twin = at.raw === undefined ? undefined : twinFingerprint(at.raw)
    if (twin !== undefined) found.push(twin)
    const above: DetailedPeerCertificate | undefined =
      'issuerCertificate' in at ? at.issuerCertificate : undefined
    // Node links a self-signed certificate to itself.
    at = above === at ? undefined : above
  }
  return found
}
