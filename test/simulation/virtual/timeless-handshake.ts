import { type Duplex, duplexPair } from 'node:stream'
import { connect, createServer } from 'node:tls'
import { encodePrivateKey, encodeTrustBundlePem } from '@mayfly/ca-core'
import type { Material } from '../../../packages/agent/src/formats/material.ts'
import type { Handshake } from '../../../packages/agent/src/proving/handshake.ts'

/** OpenSSL reads the real clock, which says nothing about a story's time; `proveMaterial` has judged that itself. */
const timeErrors = ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']

/** A real TLS 1.3 handshake with the material at the server's end: the key fits, and OpenSSL takes the chain. */
export const timelessHandshake: Handshake = async (material) => {
  const [clientEnd, serverEnd] = duplexPair()
  try {
    await Promise.all([serve(serverEnd, material), call(clientEnd, material)])
  } finally {
    clientEnd.destroy()
    serverEnd.destroy()
  }
}

function serve(end: Duplex, material: Material): Promise<void> {
  const server = createServer({
    cert: material.chainPem,
    key: encodePrivateKey(material.keyPair),
    minVersion: 'TLSv1.3',
  })
  return new Promise((resolve, reject) => {
    server.once('tlsClientError', reject)
    server.once('secureConnection', (socket) => {
      socket.on('error', () => undefined)
      resolve()
    })
    server.emit('connection', end)
  })
}

function call(end: Duplex, { chain, bundle }: Material): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      socket: end,
      ca: encodeTrustBundlePem(bundle),
      minVersion: 'TLSv1.3',
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
    })
    socket.on('error', reject)
    socket.once('secureConnect', () => {
      const reason = socket.authorizationError as unknown as string | undefined
      const seen = socket.getPeerX509Certificate()?.raw
      const [leaf] = chain
      if (reason && !timeErrors.includes(String(reason))) reject(new Error(String(reason)))
      else if (seen === undefined || leaf === undefined || Buffer.compare(seen, leaf.der) !== 0) {
        reject(new Error('another certificate was shown'))
      } else resolve()
    })
  })
}
