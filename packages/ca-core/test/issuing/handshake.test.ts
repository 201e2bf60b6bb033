import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { connect, createServer, type TLSSocket } from 'node:tls'
import {
  encodeCertificateChain,
  encodePrivateKey,
  generateKeyPair,
  type KeyType,
  keyTypes,
} from '../../src/index.ts'
import { type Hierarchy, issueLeaf, makeHierarchy } from '../support/hierarchy.ts'

// TLS stacks have a clock of their own, so these certificates must be valid when the test runs.
const wallClockNow: number = Date.now()

async function credentials(hierarchy: Hierarchy, type: KeyType, names: readonly string[]) {
  const keyPair = await generateKeyPair(type)
  const leaf = await issueLeaf(hierarchy.authority, { profile: 'peer', names, keyPair, now: wallClockNow })
  return {
    key: encodePrivateKey(keyPair),
    cert: encodeCertificateChain([leaf, hierarchy.intermediate]),
    ca: hierarchy.root.pem,
    minVersion: 'TLSv1.3',
    ecdhCurve: 'X25519MLKEM768:X25519',
  } as const
}

for (const type of keyTypes) {
  test(`${type}: mutual TLS 1.3 handshake with root, intermediate and leaves of that type → authorised`, async () => {
    const hierarchy = await makeHierarchy({ rootType: type, intermediateType: type, now: wallClockNow })
    const server = createServer({
      ...(await credentials(hierarchy, type, ['web-1.example'])),
      requestCert: true,
      rejectUnauthorized: true,
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    assert.ok(address !== null && typeof address === 'object')
    const accepted = once(server, 'secureConnection') as Promise<[TLSSocket]>
    const client = connect({
      ...(await credentials(hierarchy, type, ['web-2.example'])),
      host: '127.0.0.1',
      port: address.port,
      servername: 'web-1.example',
    })
    try {
      await once(client, 'secureConnect')
      const [socket] = await accepted
      assert.equal(client.authorized, true)
      assert.equal(socket.authorized, true)
      assert.equal(client.getProtocol(), 'TLSv1.3')
      assert.match(String(socket.getPeerCertificate().subjectaltname), /web-2\.example/)
    } finally {
      client.destroy()
      server.close()
    }
  })
}
