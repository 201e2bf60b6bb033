import type { X509Certificate } from 'node:crypto'
import { connect, isIP, type Socket } from 'node:net'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import {
  encodePrivateKey,
  encodeTrustBundlePem,
  type KeyPair,
  sha256Hex,
  type TrustBundle,
} from '@mayfly/ca-core'
import type { ProbeEndpoint } from './endpoint.ts'
import { negotiations } from './negotiation/negotiations.ts'
import { failedResult, NoCertificate, UnprovenKey } from './probe-failure.ts'
import type { ProbeResult, ServedResult } from './probe-result.ts'

export interface ProbeOptions {
  readonly bundle: TrustBundle
  /** Shown to a server that asks for a client certificate. */
  readonly clientMaterial?: { readonly chainPem: string; readonly keyPair: KeyPair }
}

/** A look at one port; a server that is slower than this has other troubles. */
const lookTimeoutSeconds = 5

/**
 * Looks at what a live port serves: connects as a client would, and reads the leaf from the handshake.
 *
 * A server that ends the handshake afterwards, for want of a certificate from us, has still shown
 * what it serves, once it has proved that it has the key. Whether that is trusted is told, and does not decide.
 * Never throws.
 */
export async function probeEndpoint(endpoint: ProbeEndpoint, options: ProbeOptions): Promise<ProbeResult> {
  // Loaded when there is something to look at; before the socket is there, whose events would pass meanwhile.
  const { connect: connectTls } = await import('node:tls')
  const socket = connect({ ...endpoint.connect })
  // Whatever a dying connection says is told by the promise that waits for it, or is of no interest.
  socket.on('error', () => undefined)
  const limit = limitOf(endpoint)
  try {
    return await Promise.race([limit.passed, look(socket, connectTls, endpoint, options)])
  } catch (error) {
    return failedResult(endpoint, error)
  } finally {
    limit.end()
    socket.destroy()
  }
}

type ConnectTls = typeof import('node:tls').connect

async function look(
  socket: Socket,
  connectTls: ConnectTls,
  endpoint: ProbeEndpoint,
  options: ProbeOptions,
): Promise<ServedResult> {
  await connected(socket)
  await negotiations[endpoint.protocol ?? 'tls'](socket)
  return readServedLeaf(socket, connectTls(tlsOptions(socket, endpoint, options)), endpoint)
}

function limitOf({ timeoutSeconds = lookTimeoutSeconds }: ProbeEndpoint): {
  readonly passed: Promise<never>
  readonly end: () => void
} {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(socketError('ETIMEDOUT')), timeoutSeconds * 1_000)
  return { passed: promise, end: () => clearTimeout(timer) }
}

function socketError(code: 'ETIMEDOUT' | 'ECONNRESET'): Error {
  return Object.assign(new Error(code), { code })
}

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('connect', resolve).once('error', reject)
  })
}

function readServedLeaf(socket: Socket, tls: TLSSocket, endpoint: ProbeEndpoint): Promise<ServedResult> {
  let shown: X509Certificate | undefined
  return new Promise((resolve, reject) => {
    const cut = (error: Error): void => {
      if (shown !== undefined)
        resolve(servedResult(endpoint, shown, 'cut', { ok: false, reason: 'the server ended the handshake' }))
      else reject(tls.getPeerX509Certificate() === undefined ? error : new UnprovenKey())
    }
    // The first secrets that are made after the server's certificate has come show that it has the key too: in TLS 1.2
    // it has signed its half of the exchange by then, in TLS 1.3 the whole handshake. It judges our certificate later:
    // if it resets the connection then, nothing can be read from it any more.
    tls.on('keylog', () => {
      shown ??= tls.getPeerX509Certificate()
    })
    tls.on('error', cut)
    socket.once('error', cut)
    socket.once('close', () => cut(socketError('ECONNRESET')))
    if (socket.destroyed || socket.readableEnded) cut(socketError('ECONNRESET'))
    tls.once('secureConnect', () => {
      shown = tls.getPeerX509Certificate()
      if (shown === undefined) reject(new NoCertificate())
      else resolve(servedResult(endpoint, shown, 'completed', trustOf(tls, endpoint, shown)))
      tls.destroy()
    })
  })
}

function tlsOptions(
  socket: Socket,
  { serverName }: ProbeEndpoint,
  { bundle, clientMaterial }: ProbeOptions,
): ConnectionOptions {
  return {
    socket,
    ca: encodeTrustBundlePem(bundle),
    // The leaf is to be read even if it is wrong; whether it is trusted is told in the result.
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    ...(isIP(serverName) === 0 && { servername: serverName }),
    ...(clientMaterial !== undefined && {
      cert: clientMaterial.chainPem,
      key: encodePrivateKey(clientMaterial.keyPair),
    }),
  }
}

/**
 * Read with OpenSSL alone: what is served may be anything, such as a self-signed certificate with a
 * weak key, which the strict reader of ca-core refuses.
 */
function servedResult(
  endpoint: ProbeEndpoint,
  leaf: X509Certificate,
  handshake: ServedResult['handshake'],
  trust: ServedResult['trust'],
): ServedResult {
  return {
    outcome: 'served',
    endpoint,
    serial: leaf.serialNumber.toLowerCase(),
    fingerprint: sha256Hex(leaf.raw),
    notAfter: leaf.validToDate.getTime(),
    handshake,
    trust,
  }
}

function trustOf(
  tls: TLSSocket,
  { serverName }: ProbeEndpoint,
  leaf: X509Certificate,
): ServedResult['trust'] {
  if (!tls.authorized) {
    const error: unknown = tls.authorizationError
    return { ok: false, reason: error instanceof Error ? error.message : String(error) }
  }
  // RFC 9525 6.3: the SAN alone; a common name is no name.
  const named =
    isIP(serverName) === 0 ? leaf.checkHost(serverName, { subject: 'never' }) : leaf.checkIP(serverName)
  return named === undefined ? { ok: false, reason: `it is not for ${serverName}` } : { ok: true }
}
