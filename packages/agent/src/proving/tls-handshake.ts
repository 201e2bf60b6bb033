import { type Duplex, duplexPair } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { encodePrivateKey, encodeTrustBundlePem, MayflyError } from '@mayfly/ca-core'
import { leafOf } from '../formats/leaf.ts'
import type { Material } from '../formats/material.ts'
import type { Handshake } from './handshake.ts'
import { purposesOf, type TlsRole } from './purposes.ts'

/**
 * One TLS 1.3 handshake with the material at both ends of a pipe in memory; no port is opened.
 *
 * Each end checks the other's certificate, against the bundle alone, where the profile says that it
 * stands there: both ends for a peer, the server's for a server, the client's for a client.
 */
export const tlsHandshake: Handshake = async (material, profile) => {
  const roles = purposesOf(profile)
  // Loaded when there is something to prove, which most starts have not.
  const tls = await import('node:tls')
  const [clientEnd, serverEnd] = duplexPair()
  try {
    await Promise.all([serve(tls, serverEnd, material, roles), call(tls, clientEnd, material, roles)])
  } finally {
    clientEnd.destroy()
    serverEnd.destroy()
  }
}

type NodeTls = typeof import('node:tls')

/** The server's end. A `tls.Server` that never listens: a bare socket would not judge the client. */
function serve(
  { createServer }: NodeTls,
  end: Duplex,
  material: Material,
  roles: readonly TlsRole[],
): Promise<void> {
  const verifies = roles.includes('client')
  const server = createServer({
    ...tlsOptions(material),
    requestCert: verifies,
    // Refused below: Node's own refusal ends the connection without a reason.
    rejectUnauthorized: false,
  })
  return new Promise((resolve, reject) => {
    server.once('tlsClientError', reject)
    server.once('secureConnection', (socket) => {
      // The client hangs up as soon as it has seen enough.
      socket.on('error', () => undefined)
      if (verifies && !socket.authorized) reject(unauthorized(socket))
      else if (!verifies || shows(socket, material)) resolve()
      else reject(otherCertificate('client'))
    })
    onceCut(end, () => reject(cut('client')))
    server.emit('connection', end)
  })
}

function call(
  { connect, createSecureContext }: NodeTls,
  end: Duplex,
  material: Material,
  roles: readonly TlsRole[],
): Promise<void> {
  const { ca, ...own } = tlsOptions(material)
  return new Promise((resolve, reject) => {
    const socket = connect({
      socket: end,
      secureContext: createSecureContext(
        roles.includes('client') ? { ca, ...own } : { ca, minVersion: 'TLSv1.3' },
      ),
      rejectUnauthorized: roles.includes('server'),
      // Names were compared in the SAN already; Node's own check would take the common name as well.
      checkServerIdentity: () => undefined,
    })
    // The server judges our certificate only after this end has finished; its alert still comes here.
    socket.on('error', reject)
    onceCut(end, () => reject(cut('server')))
    socket.once('secureConnect', () => {
      if (shows(socket, material)) resolve()
      else reject(otherCertificate('server'))
    })
  })
}

function tlsOptions(material: Material): {
  readonly cert: string
  readonly key: string
  readonly ca: string
  readonly minVersion: 'TLSv1.3'
} {
  return {
    cert: material.chainPem,
    key: encodePrivateKey(material.keyPair),
    ca: encodeTrustBundlePem(material.bundle),
    minVersion: 'TLSv1.3',
  }
}

/** Whether the other end has shown the very leaf of the material. */
function shows(socket: TLSSocket, material: Material): boolean {
  const seen = socket.getPeerX509Certificate()?.raw
  return seen !== undefined && Buffer.compare(seen, leafOf(material).der) === 0
}

/**
 * Calls back when the pipe is closed and both ends have had their turn to say why: the end that refuses a certificate
 * closes the pipe first, and tells its reason afterwards.
 */
function onceCut(end: Duplex, tell: () => void): void {
  end.once('close', () => setImmediate(tell))
}

function unauthorized({ authorizationError }: TLSSocket): MayflyError {
  return new MayflyError('prove-failed', `the server refuses it as a client's: ${authorizationError}`)
}

function otherCertificate(role: TlsRole): MayflyError {
  return new MayflyError('prove-failed', `the ${role} showed another certificate`)
}

function cut(role: TlsRole): MayflyError {
  return new MayflyError('prove-failed', `the ${role} ended the connection`)
}
