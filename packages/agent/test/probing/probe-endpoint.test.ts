import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer as createPlainServer, type Server } from 'node:net'
import { test } from 'node:test'
import { createServer, type TlsOptions } from 'node:tls'
import { encodePrivateKey, encodeTrustBundlePem } from '@mayfly/ca-core'
import { freePort } from '../../../../test/support/servers/free-port.ts'
import { createTestIssuer } from '../../../../test/support/test-issuer.ts'
import { leafOf } from '../../src/formats/leaf.ts'
import type { Material } from '../../src/formats/material.ts'
import type { ProbeEndpoint } from '../../src/probing/endpoint.ts'
import { probeEndpoint } from '../../src/probing/probe-endpoint.ts'
import type { FailedResult, ServedResult } from '../../src/probing/probe-result.ts'

const issuer = await createTestIssuer()
const material = await issuer.issue()
const { bundle } = issuer

function endpointOf(server: Server, changes: Partial<ProbeEndpoint> = {}): ProbeEndpoint {
  const { port } = server.address() as AddressInfo
  return { connect: { host: '127.0.0.1', port }, serverName: 'web-1.example', ...changes }
}

async function serving(options: TlsOptions, of: Material = material): Promise<Server & AsyncDisposable> {
  const server = createServer({ cert: of.chainPem, key: encodePrivateKey(of.keyPair), ...options })
  server.on('tlsClientError', () => undefined)
  return listening(server)
}

async function listening(server: Server): Promise<Server & AsyncDisposable> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server as Server & AsyncDisposable
}

/** A server that says `greeting` and then keeps quiet. */
function speaking(greeting: Uint8Array): Promise<Server & AsyncDisposable> {
  const server = createPlainServer((socket) =>
    socket
      .on('error', () => undefined)
      .resume()
      .write(greeting),
  )
  return listening(server)
}

async function served(endpoint: ProbeEndpoint, clientMaterial?: Material): Promise<ServedResult> {
  const result = await probeEndpoint(endpoint, {
    bundle,
    ...(clientMaterial !== undefined && { clientMaterial }),
  })
  assert.equal(result.outcome, 'served', JSON.stringify(result))
  return result as ServedResult
}

async function failed(endpoint: ProbeEndpoint): Promise<FailedResult> {
  const result = await probeEndpoint(endpoint, { bundle })
  assert.equal(result.outcome, 'failed', JSON.stringify(result))
  return result as FailedResult
}

test('probe: a good server → its serial, trusted', async () => {
  await using server = await serving({})
  const leaf = leafOf(material)
  const { serial, fingerprint, notAfter, handshake, trust } = await served(endpointOf(server))
  assert.deepEqual(
    { serial, fingerprint, notAfter, handshake, trust },
    {
      serial: leaf.serial,
      fingerprint: leaf.fingerprint,
      notAfter: leaf.notAfter,
      handshake: 'completed',
      trust: { ok: true },
    },
  )
})

test('probe: an address as the name → trusted, for it is in the SAN', async () => {
  await using server = await serving({})
  assert.deepEqual((await served(endpointOf(server, { serverName: '127.0.0.1' }))).trust, { ok: true })
})

test('probe: another name → the serial all the same, and why it is not trusted', async () => {
  await using server = await serving({})
  const { trust } = await served(endpointOf(server, { serverName: 'other.example' }))
  assert.deepEqual(trust, { ok: false, reason: 'it is not for other.example' })
})

test('probe: a server of somebody else’s → the serial, not trusted', async () => {
  const other = await (await createTestIssuer()).issue()
  await using server = await serving({}, other)
  const { serial, trust } = await served(endpointOf(server))
  assert.equal(serial, leafOf(other).serial)
  assert.equal(trust.ok, false)
})

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  const mutual: TlsOptions = {
    requestCert: true,
    rejectUnauthorized: true,
    ca: encodeTrustBundlePem(bundle),
    minVersion: version,
    maxVersion: version,
  }

  test(`probe: ${version}, our certificate is required and not there → the serial is seen`, async () => {
    await using server = await serving(mutual)
    const { serial } = await served(endpointOf(server))
    assert.equal(serial, leafOf(material).serial)
  })

  test(`probe: ${version}, our certificate is refused → the serial is seen`, async () => {
    await using server = await serving(mutual)
    const stranger = await (await createTestIssuer()).issue({ profile: 'client' })
    const { serial } = await served(endpointOf(server), stranger)
    assert.equal(serial, leafOf(material).serial)
  })

  test(`probe: ${version}, our certificate is required and shown → trusted`, async () => {
    await using server = await serving(mutual)
    const client = await issuer.issue({ profile: 'client' })
    const { handshake, trust } = await served(endpointOf(server), client)
    assert.deepEqual([handshake, trust], ['completed', { ok: true }])
  })
}

const recordTypes = { handshake: 22, applicationData: 23 } as const

/** Which record of the server's first flight holds what it has signed, among those of its type. */
const signedRecords = {
  // ServerHello, Certificate, ServerKeyExchange
  'TLSv1.2': { type: recordTypes.handshake, index: 2 },
  // EncryptedExtensions, Certificate, CertificateVerify
  'TLSv1.3': { type: recordTypes.applicationData, index: 2 },
} as const

/** Stands before `server` and spoils its signature: what a client sees of a server with another key. */
function spoiling(server: Server, version: keyof typeof signedRecords): Promise<Server & AsyncDisposable> {
  const { port } = server.address() as AddressInfo
  const { type, index } = signedRecords[version]
  return listening(
    createPlainServer((socket) => {
      const inner = connect(port, '127.0.0.1')
      let records = 0
      let rest: Buffer = Buffer.alloc(0)
      inner.on('data', (chunk: Buffer) => {
        rest = Buffer.concat([rest, chunk])
        while (rest.length >= 5 && rest.length >= 5 + rest.readUInt16BE(3)) {
          const end = 5 + rest.readUInt16BE(3)
          const record = Buffer.from(rest.subarray(0, end))
          rest = rest.subarray(end)
          if (record[0] === type && records++ === index) record[end - 1] = (record[end - 1] ?? 0) ^ 1
          socket.write(record)
        }
      })
      socket.pipe(inner)
      for (const [one, other] of [
        [socket, inner],
        [inner, socket],
      ] as const)
        one.on('error', () => undefined).on('close', () => other.destroy())
    }),
  )
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`probe: ${version}, the certificate is shown and its key is not proved → key-unproven`, async () => {
    await using server = await serving({ minVersion: version, maxVersion: version })
    await using front = await spoiling(server, version)
    const { because, message } = await failed(endpointOf(front))
    assert.equal(because, 'key-unproven')
    assert.match(message, /did not prove that it has its key; see its log/)
  })
}

test('probe: an ML-DSA certificate → seen', async () => {
  const quantum = await issuer.issue({ keyType: 'ml-dsa-65' })
  await using server = await serving({}, quantum)
  assert.equal((await served(endpointOf(server))).serial, leafOf(quantum).serial)
})

test('probe: nothing listens → refused, with what to do', async () => {
  const endpoint = { connect: { host: '127.0.0.1', port: await freePort() }, serverName: 'web-1.example' }
  const { because, message } = await failed(endpoint)
  assert.equal(because, 'refused')
  assert.match(message, /nothing listens there; start the server, or correct connect in the configuration\.$/)
})

test('probe: a server that says nothing → timeout', async () => {
  await using server = await speaking(new Uint8Array())
  assert.equal((await failed(endpointOf(server, { timeoutSeconds: 0.1 }))).because, 'timeout')
})

test('probe: a server that speaks without TLS → not-tls', async () => {
  await using server = await speaking(Buffer.from('220 mail.example ESMTP ready, how do you do\r\n'))
  assert.equal((await failed(endpointOf(server))).because, 'not-tls')
})

test('probe: a server that hangs up → closed', async () => {
  await using server = await listening(createPlainServer((socket) => socket.resume().end()))
  for (const protocol of ['tls', 'postgresql', 'mysql'] as const) {
    assert.equal((await failed(endpointOf(server, { protocol }))).because, 'closed', protocol)
  }
})

test('probe: a name that does not resolve → unresolved', async () => {
  const endpoint = { connect: { host: 'no-such-host.invalid', port: 443 }, serverName: 'web-1.example' }
  assert.equal((await failed(endpoint)).because, 'unresolved')
})

const negotiated: Record<string, { protocol: 'postgresql' | 'mysql'; says: Uint8Array; message: RegExp }> = {
  'PostgreSQL without TLS': {
    protocol: 'postgresql',
    says: Buffer.from('N'),
    message: /set ssl = on in postgresql\.conf/,
  },
  'something else than PostgreSQL': {
    protocol: 'postgresql',
    says: Buffer.from('HTTP'),
    message: /is not PostgreSQL/,
  },
  'MariaDB without TLS': {
    protocol: 'mysql',
    says: mysqlPacket(Buffer.from('\x0a10.11\0\0\0\0\0salt5678\0\xff\xf7rest', 'latin1')),
    message: /set ssl_cert and ssl_key/,
  },
  'MariaDB that blocks this host': {
    protocol: 'mysql',
    says: mysqlPacket(Buffer.from('\xff\x69\x04Host is blocked', 'latin1')),
    message: /the server refuses: Host is blocked/,
  },
  'something else than MariaDB': {
    protocol: 'mysql',
    says: Buffer.from('HTTP/1.1 400'),
    message: /neither MariaDB nor MySQL/,
  },
}

function mysqlPacket(content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([content.length, 0, 0, 0]), content])
}

for (const [what, { protocol, says, message }] of Object.entries(negotiated)) {
  test(`probe: ${what} → not-tls, with what to do`, async () => {
    await using server = await speaking(says)
    const result = await failed(endpointOf(server, { protocol }))
    assert.equal(result.because, 'not-tls')
    assert.match(result.message, message)
  })
}
