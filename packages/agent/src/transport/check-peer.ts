import {
  type Certificate,
  type Instant,
  MayflyError,
  parseCertificate,
  parseName,
  type TrustBundle,
  verifyChain,
} from '@mayfly/ca-core'

interface Peer {
  readonly raw: Uint8Array
  readonly issuerCertificate?: Peer
}

/** A leaf, an intermediate and a root, with room for one more on the way. */
const chainLengthMax = 4

/**
 * What OpenSSL does not look at: distrusted intermediates, and that the name stands in the SAN.
 * For use as `checkServerIdentity`: gives the error back, or nothing where all is well.
 */
export function checkPeer(host: string, peer: Peer, trust: TrustBundle, now: Instant): Error | undefined {
  return check(host, peer, trust, () => now)
}

/** The same at a time at which the certificate and those above it had just become valid. */
export function checkPeerApartFromTime(host: string, peer: Peer, trust: TrustBundle): Error | undefined {
  return check(host, peer, trust, (chain) =>
    Math.max(...[...chain, ...trust.roots].map(({ notBefore }) => notBefore)),
  )
}

function check(
  host: string,
  peer: Peer,
  trust: TrustBundle,
  timeFor: (chain: readonly Certificate[]) => Instant,
): Error | undefined {
  try {
    const chain = withoutRoots(chainOf(peer), trust)
    const verdict = verifyChain({
      chain,
      roots: [...trust.roots],
      distrusted: [...trust.distrusted],
      now: timeFor(chain),
      purpose: 'server',
      names: [parseName(host.replace(/^\[|\]$/g, ''))],
    })
    return verdict.ok
      ? undefined
      : new MayflyError(verdict.code, `the certificate of ${host}: ${verdict.reason}`)
  } catch (cause) {
    return cause instanceof Error
      ? cause
      : new MayflyError('certificate-invalid', `the certificate of ${host} cannot be read`)
  }
}

function chainOf(peer: Peer): Certificate[] {
  const chain: Certificate[] = []
  for (let at: Peer | undefined = peer; at?.raw !== undefined && chain.length < chainLengthMax; ) {
    chain.push(parseCertificate(new Uint8Array(at.raw)))
    // Node links a self-signed certificate to itself.
    at = at.issuerCertificate === at ? undefined : at.issuerCertificate
  }
  return chain
}

function withoutRoots(chain: Certificate[], trust: TrustBundle): Certificate[] {
  return chain.filter(({ fingerprint }) => !trust.roots.some((root) => root.fingerprint === fingerprint))
}
