import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { TrustSettings } from '../options.ts'
import { TrustError } from '../trust-error.ts'
import { type DistrustRules, refuseDistrusted } from './distrusted-chain.ts'
import { judgePeer } from './judge-peer.ts'
import { peerCertificateOf, peerChainOf } from './peer-certificate.ts'
import type { PeerIdentity } from './peer-identity.ts'

/**
 * Who is at the other end of a connection, on either side of it. Judges the certificate once more
 * by the wall clock, and so also serves servers that were made from `tlsOptions()`.
 * Throws a `TrustError` when there is nobody whom the bundle vouches for.
 */
export function verifiedPeer(
  connection: Socket | IncomingMessage,
  settings: TrustSettings,
  rules: DistrustRules,
): PeerIdentity {
  const socket = 'socket' in connection ? connection.socket : connection
  const certificate = socket instanceof TLSSocket ? peerCertificateOf(socket) : undefined
  if (!(socket instanceof TLSSocket) || certificate === undefined || !socket.authorized) {
    throw new TrustError('peer-missing', 'The other side showed no certificate that the bundle vouches for')
  }
  const refused = refuseDistrusted(peerChainOf(socket), rules)
  if (refused !== undefined) throw refused
  const { now, maxLifetimeSeconds } = settings
  const verdict = judgePeer(certificate, { expected: { match: 'anyone' }, now: now(), maxLifetimeSeconds })
  if (!verdict.ok) throw verdict.error
  return verdict.peer
}
