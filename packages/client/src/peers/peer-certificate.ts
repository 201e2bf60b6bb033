import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'

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
