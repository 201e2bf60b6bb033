import type { X509Certificate } from 'node:crypto'
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import {
  encodePrivateKey,
  encodeTrustBundlePem,
  type KeyPair,
  sha256Hex,
  type TrustBundle,
} from '@mayfly/ca-core'
import type { ProbeEndpoint } from './endpoint.ts'
import { negotiations } from './negotiation/negotiation.ts'
import { failedResult } from './probe-failure.ts'
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
 * what it serves. Whether that is trusted is told, and does not decide. Never throws.
 */
export async function probeEndpoint(endpoint: ProbeEndpoint, options: ProbeOptions): Promise<ProbeResult> {
  const socket = connect({ ...endpoint.connect })
  const limitMs = (endpoint.timeoutSeconds ?? lookTimeoutSeconds) * 1_000
  const limit = setTimeout(() => socket.destroy(timedOut()), limitMs)
  try {
    await connected(socket)
    await negotiations[endpoint.protocol ?? 'tls'](socket)
    return await readServedLeaf(socket, endpoint, options)
  } catch (error) {
    return failedResult(endpoint, error)
  } finally {
    clearTimeout(limit)
    // Whatever a dying connection says now is of no interest, and must not end the agent.
    socket.on('error', () => undefined)
    socket.destroy()
  }
}

function timedOut(): Error {
  return Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' })
}

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('closed')))
  })
}

function readServedLeaf(
  socket: Socket,
  endpoint: ProbeEndpoint,
  options: ProbeOptions,
): Promise<ServedResult> {
  const { bundle, clientMaterial } = options
  const { serverName } = endpoint
  const tls = connectTls({
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
  })
  return new Promise((resolve, reject) => {
    // The raw socket's errors are not passed on to the TLS one in every state.
    socket.once('error', reject)
    socket.once('close', () => reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' })))
    tls.once('secureConnect', () => {
      const served = servedResult(tls, endpoint, 'completed')
      if (served === undefined) reject(new Error('no certificate'))
      else resolve(served)
      tls.destroy()
    })
    tls.on('error', (error) => {
      const served = servedResult(tls, endpoint, 'cut')
      if (served === undefined) reject(error)
      else resolve(served)
    })
  })
}

/**
 * Read with OpenSSL alone: what is served may be anything, such as a self-signed certificate with a
 * weak key, which the strict reader of ca-core refuses.
 */
function servedResult(
  tls: TLSSocket,
  endpoint: ProbeEndpoint,
  handshake: ServedResult['handshake'],
): ServedResult | undefined {
  const leaf = tls.getPeerX509Certificate()
  if (leaf === undefined) return undefined
  return {
    outcome: 'served',
    endpoint,
    serial: leaf.serialNumber.toLowerCase(),
    fingerprint: sha256Hex(leaf.raw),
    notAfter: leaf.validToDate.getTime(),
    handshake,
    trust:
      handshake === 'cut'
        ? { ok: false, reason: 'the server ended the handshake' }
        : trustOf(tls, endpoint, leaf),
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
