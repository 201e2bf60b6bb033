import { X509Certificate } from 'node:crypto'
import { isIP, type LookupFunction, type Socket } from 'node:net'
import { type ConnectionOptions, connect, type PeerCertificate, type TLSSocket } from 'node:tls'
import type { OptionNames } from '../known-options.ts'
import type { Material } from '../material/material.ts'
import type { Instant, TrustSettings } from '../options.ts'
import { type DistrustRules, refuseDistrusted } from '../peers/distrusted-chain.ts'
import { type ExpectedPeer, expectHost, expectIdentity } from '../peers/expected-peer.ts'
import { judgePeer } from '../peers/judge-peer.ts'
import { peerCertificateOf } from '../peers/peer-certificate.ts'
import { TrustError } from '../trust-error.ts'
import type { ConnectionContext } from './connection-context.ts'
import { explainHandshakeError } from './handshake-error.ts'
import { requireFullHandshake } from './no-resumption.ts'

/** Where to connect, and with whom. Everything else about TLS is decided here. */
export interface ConnectTarget {
  readonly host?: string | undefined
  readonly port?: number | undefined
  /** A Unix socket instead of host and port. */
  readonly path?: string | undefined
  /** The name for SNI, and to be found in the peer's certificate. Default: `host`. */
  readonly servername?: string | undefined
  /** The peer's identity (`web-1`, `spiffe://…`), to be found in its SAN letter for letter instead of the host. */
  readonly peer?: string | undefined
  /** A stream that leads to the peer already. */
  readonly socket?: Socket | undefined
  readonly ALPNProtocols?: readonly string[] | undefined
  readonly localAddress?: string | undefined
  readonly family?: number | undefined
  readonly lookup?: LookupFunction | undefined
  readonly noDelay?: boolean | undefined
}

export const targetOptionNames: OptionNames<ConnectTarget> = {
  host: true,
  port: true,
  path: true,
  servername: true,
  peer: true,
  socket: true,
  ALPNProtocols: true,
  localAddress: true,
  family: true,
  lookup: true,
  noDelay: true,
}

export interface PinnedConnection {
  readonly socket: TLSSocket
  /** What was on disk when it was opened. */
  readonly material: Material
}

/**
 * Opens a connection that is ready for use: the peer was verified, judged and is expected.
 * Rejects with a `TrustError`, or with the network's own error.
 */
export async function connectPinned(
  context: ConnectionContext,
  target: ConnectTarget,
): Promise<PinnedConnection> {
  const { live, settings, ends } = context
  const material = live.ready()
  const expected = expectedOf(target)
  const socket = connect({
    ...endpointOf(target),
    secureContext: material.secureContext,
    rejectUnauthorized: true,
    checkServerIdentity: (_host, certificate) => verdictOf(certificate, expected, settings, material),
  })
  socket.setKeepAlive(true).setNoDelay(target.noDelay ?? true)
  await secured(socket, describeTarget(target), settings.connectTimeoutMs)
  ends.add(socket, { notAfter: notAfterOf(socket), side: 'client' })
  return { socket, material }
}

/** For `checkServerIdentity`: why the certificate is refused, or undefined. */
export function verdictOf(
  certificate: PeerCertificate,
  expected: ExpectedPeer,
  settings: TrustSettings,
  rules: DistrustRules,
): TrustError | undefined {
  const refused = refuseDistrusted(certificate, rules)
  if (refused !== undefined) return refused
  const { maxLifetimeSeconds } = settings
  const judged = { expected, now: settings.now(), maxLifetimeSeconds }
  const verdict = judgePeer(new X509Certificate(certificate.raw), judged)
  return verdict.ok ? undefined : verdict.error
}

function expectedOf(target: ConnectTarget): ExpectedPeer {
  return target.peer === undefined ? expectHost(hostOf(target)) : expectIdentity([target.peer])
}

function hostOf(target: ConnectTarget): string {
  return target.servername || target.host || 'localhost'
}

/** Only what says where: no option of a request can reach the rules. */
function endpointOf(target: ConnectTarget): ConnectionOptions {
  const { port, path, socket, ALPNProtocols, localAddress, family, lookup } = target
  const host = hostOf(target)
  return {
    ...(socket === undefined ? {} : { socket }),
    ...(path === undefined ? { host: target.host ?? 'localhost', port: port ?? 443 } : { path }),
    // RFC 6066 3: an address is no server name.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ALPNProtocols === undefined ? {} : { ALPNProtocols: [...ALPNProtocols] }),
    ...(localAddress === undefined ? {} : { localAddress }),
    ...(family === undefined ? {} : { family }),
    ...(lookup === undefined ? {} : { lookup }),
  }
}

function describeTarget(target: ConnectTarget): string {
  const where = target.path ?? `${target.host ?? 'localhost'}:${target.port ?? 443}`
  return target.peer === undefined ? where : `${target.peer} at ${where}`
}

/** Resolves after the whole handshake, so that not a byte is written to a peer that is refused. */
function secured(socket: TLSSocket, peer: string, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => socket.destroy(timedOut(timeoutMs)), timeoutMs)
    const settle = (): void => {
      clearTimeout(timer)
      socket.off('error', fail)
      socket.off('secureConnect', succeed)
    }
    const fail = (error: Error): void => {
      settle()
      // What a destroyed socket still says has no listener any more.
      socket.on('error', () => {})
      socket.destroy()
      reject(explainHandshakeError(error, peer))
    }
    const succeed = (): void => {
      try {
        requireFullHandshake(socket)
      } catch (error) {
        fail(error as Error)
        return
      }
      settle()
      resolve()
    }
    socket.once('error', fail)
    socket.once('secureConnect', succeed)
  })
}

function timedOut(timeoutMs: number): TrustError {
  return new TrustError('connect-timeout', `no connection within ${timeoutMs} ms`)
}

function notAfterOf(socket: TLSSocket): Instant {
  // Without a certificate, which can't be, the connection ends at once.
  return peerCertificateOf(socket)?.validToDate.getTime() ?? Number.NEGATIVE_INFINITY
}
