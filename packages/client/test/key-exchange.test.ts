import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import tls from 'node:tls'
import { get } from './support/get.ts'
import { createTestBench } from './support/test-bench.ts'

// https://www.iana.org/assignments/tls-parameters: supported groups
const x25519Mlkem768 = 0x11ec
const supportedGroupsExtension = 10
const keyShareExtension = 51

/** The extensions of a ClientHello record, RFC 8446 4.1.2. */
function extensionsOf(record: Buffer): Map<number, Buffer> {
  let at = 5 + 4 + 2 + 32
  at += 1 + record.readUInt8(at)
  at += 2 + record.readUInt16BE(at)
  at += 1 + record.readUInt8(at)
  const end = at + 2 + record.readUInt16BE(at)
  const extensions = new Map<number, Buffer>()
  for (at += 2; at < end; ) {
    const length = record.readUInt16BE(at + 2)
    extensions.set(record.readUInt16BE(at), record.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  return extensions
}

test('client: what it says first → X25519MLKEM768 is the first group, with a key share; TLS 1.3 only', async (t) => {
  const bench = await createTestBench(t)
  const { identity } = await bench.host('billing')
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  bench.after(() => server.close())
  const connection = once(server, 'connection')
  const { port } = server.address() as { port: number }
  const failed = assert.rejects(identity.connect({ host: 'localhost', port }))
  const [socket] = (await connection) as [Socket]
  let hello = Buffer.alloc(0)
  while (hello.length < 5 || hello.length < 5 + hello.readUInt16BE(3)) {
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    hello = Buffer.concat([hello, chunk])
  }
  socket.destroy()
  await failed
  const extensions = extensionsOf(hello)
  assert.equal(extensions.get(supportedGroupsExtension)?.readUInt16BE(2), x25519Mlkem768)
  assert.equal(extensions.get(keyShareExtension)?.readUInt16BE(2), x25519Mlkem768)
  const supportedVersions = extensions.get(43)
  assert.deepEqual(supportedVersions, Buffer.from([2, 3, 4]))
})

for (const ecdhCurve of ['X25519MLKEM768', 'X25519', 'P-256']) {
  test(`handshake: the other side knows ${ecdhCurve} only → works both ways`, async (t) => {
    const bench = await createTestBench(t)
    const { identity } = await bench.host('billing')
    const leaf = await bench.pki.issue({ names: ['localhost', 'billing'] })
    const { url } = await bench.serveLeaf(leaf, { ecdhCurve })
    assert.equal((await get(url, { agent: identity.httpsAgent() })).body, 'hello')

    const web = await bench.host('web-1')
    const { port } = await bench.serve(web, { allow: ['billing'] })
    const { bundlePem: ca } = bench.pki
    const options = { port, host: '127.0.0.1', servername: 'localhost', ca, ecdhCurve }
    const socket = tls.connect({ ...options, cert: leaf.fullchainPem, key: leaf.keyPem })
    await once(socket, 'secureConnect')
    assert.equal(socket.authorized, true)
    socket.destroy()
  })
}

test('server: a caller that offers X25519MLKEM768 and X25519 → the hybrid is taken', async (t) => {
  const bench = await createTestBench(t)
  const web = await bench.host('web-1')
  const { port } = await bench.serve(web, { allow: ['billing'] })
  const leaf = await bench.pki.issue({ names: ['billing'] })
  const socket = tls.connect({
    port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca: bench.pki.bundlePem,
    cert: leaf.fullchainPem,
    key: leaf.keyPem,
    ecdhCurve: 'X25519:X25519MLKEM768',
  })
  await once(socket, 'secureConnect')
  const group = (socket.getEphemeralKeyInfo() as { name?: string }).name
  socket.destroy()
  assert.equal(group, 'X25519MLKEM768')
})
