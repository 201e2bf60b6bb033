import type { X509Certificate } from 'node:crypto'
import { formatPeerName } from '../names/peer-name.ts'
import { subjectAltNames } from '../names/subject-alt-names.ts'
import type { Instant } from '../options.ts'

/** Who is at the other end, as its verified certificate says. */
export interface PeerIdentity {
  /** Every name in the SAN, canonical, with its type: `dns:web-1`, `ip:10.0.0.1`, `uri:spiffe://…`. */
  readonly names: readonly string[]
  /** The first URI name, bare: the SPIFFE ID where there is one. */
  readonly uri?: string
  /** Lower-case hex. */
  readonly serial: string
  readonly notAfter: Instant
  /** SHA-256 of the certificate, lower-case hex. */
  readonly fingerprint: string
}

export function peerIdentityOf(certificate: X509Certificate): PeerIdentity {
  const names = subjectAltNames(certificate)
  const uri = names.find((name) => name.type === 'uri')?.value
  return {
    names: names.map(formatPeerName),
    ...(uri === undefined ? {} : { uri }),
    serial: certificate.serialNumber.toLowerCase(),
    notAfter: certificate.validToDate.getTime(),
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
  }
}
