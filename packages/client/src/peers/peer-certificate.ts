import type { X509Certificate } from 'node:crypto'
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls'

const seen = new WeakMap<TLSSocket, X509Certificate>()

/**
 * The certificate that the peer showed. Kept, as Node 24 gives it to a client once only, and no
 * version gives it when the connection is closed.
 */
export function peerCertificateOf(socket: TLSSocket): X509Certificate | undefined {
  const certificate = seen.get(socket) ?? socket.getPeerX509Certificate()
  if (certificate !== undefined) seen.set(socket, certificate)
  return certificate
}

const seenChains = new WeakMap<TLSSocket, DetailedPeerCertificate>()

/** The certificates that the peer showed, as Node links them: by names and key ids alone. Kept for the same reasons. */
export function peerChainOf(socket: TLSSocket): DetailedPeerCertificate | undefined {
  const seen = seenChains.get(socket)
  if (seen !== undefined) return seen
  const chain: DetailedPeerCertificate | null = socket.getPeerCertificate(true)
  if (chain?.raw === undefined) return undefined
  seenChains.set(socket, chain)
  return chain
}
