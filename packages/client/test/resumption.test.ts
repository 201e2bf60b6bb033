import assert from 'node:assert/strict'
import { once } from 'node:events'
import https from 'node:https'
import { type TestContext, test } from 'node:test'
import tls from 'node:tls'
import type { TestLeaf } from '../../../test/support/test-pki.ts'
import { get } from './support/get.ts'
import { createTestBench, type TestBench } from './support/test-bench.ts'

const versions = ['TLSv1.2', 'TLSv1.3'] as const
type Version = (typeof versions)[number]

interface Visit {
  readonly session: Buffer | undefined
  readonly reused: boolean
  readonly status: string
}

/** One request with Node's own client, with the session of an earlier visit if there is one. */
async function visit(
  t: TestContext,
  { bench, port, leaf, version }: { bench: TestBench; port: number; leaf: TestLeaf; version: Version },
  session?: Buffer,
): Promise<Visit> {
  const socket = tls.connect({
    host: '127.0.0.1',
    port,
    servername: 'localhost',
    ca: bench.pki.bundlePem,
    cert: leaf.fullchainPem,
    key: leaf.keyPem,
    minVersion: version,
    maxVersion: version,
    ...(session === undefined ? {} : { session }),
  })
  t.after(() => socket.destroy())
  let offered: Buffer | undefined
  socket.on('session', (given) => {
    offered = given
  })
  await once(socket, 'secureConnect')
  const reused = socket.isSessionReused()
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  const [status = ''] = Buffer.concat(chunks).toString().split('\r\n')
  return { session: offered, reused, status }
}

for (const version of versions) {
  test(`${version}: a plain Node server → resumes (so the tests below can fail)`, async (t) => {
    const bench = await createTestBench(t)
    const leaf = await bench.pki.issue({ names: ['billing', 'localhost'] })
    const { port } = await bench.serveLeaf(leaf, { requestCert: true, ca: bench.pki.bundlePem })
    const { session } = await visit(t, { bench, port, leaf, version })
    assert.equal((await visit(t, { bench, port, leaf, version }, session)).reused, true)
  })

  test(`session resumed past expiry or after the roots changed: ${version}, our server, a session from before → a full handshake`, async (t) => {
    const bench = await createTestBench(t)
    const web = await bench.host('web-1', { trust: { minVersion: 'TLSv1.2' } })
    const { port } = await bench.serve(web, { allow: ['billing'] })
    const leaf = await bench.pki.issue({ names: ['billing'] })
    const { session } = await visit(t, { bench, port, leaf, version })
    const second = await visit(t, { bench, port, leaf, version }, session)
    assert.deepEqual([second.reused, second.status], [false, 'HTTP/1.1 200 OK'])
  })

  test(`session resumed past expiry or after the roots changed: ${version}, our clients, a server that offers sessions → never resume`, async (t) => {
    const bench = await createTestBench(t)
    // By its address: of a name with several, whose first does not answer, Node's own agent forgets the session.
    const leaf = await bench.pki.issue({ names: ['ip:127.0.0.1'] })
    const { server, port } = await bench.serveLeaf(leaf, { maxVersion: version })
    const url = `https://127.0.0.1:${port}`
    const reused: boolean[] = []
    server.on('secureConnection', (socket: tls.TLSSocket) => reused.push(socket.isSessionReused()))
    const { identity } = await bench.host('billing', { trust: { minVersion: 'TLSv1.2' } })
    const headers = { connection: 'close' }
    for (const _ of [1, 2, 3]) {
      await get(url, { agent: identity.httpsAgent(), headers })
      await identity.fetch(url, { headers }).then((answer) => answer.text())
    }
    assert.deepEqual(reused, [false, false, false, false, false, false])
    const plain = new https.Agent({ ca: bench.pki.bundlePem })
    for (const _ of [1, 2]) await get(url, { agent: plain, headers })
    assert.equal(reused.at(-1), true, 'the server does resume')
  })
}

test('TLSv1.2: our server, somebody gave it a session store → resumed connections are refused', async (t) => {
  const bench = await createTestBench(t)
  const web = await bench.host('web-1', { trust: { minVersion: 'TLSv1.2' } })
  const { server, port } = await bench.serve(web, { allow: ['billing'] })
  const sessions = new Map<string, Buffer>()
  server.on('newSession', (id: Buffer, session: Buffer, done: () => void) => {
    sessions.set(id.toString('hex'), session)
    done()
  })
  server.on('resumeSession', (id: Buffer, done: (error: null, session: Buffer | null) => void) => {
    done(null, sessions.get(id.toString('hex')) ?? null)
  })
  const leaf = await bench.pki.issue({ names: ['billing'] })
  const { session } = await visit(t, { bench, port, leaf, version: 'TLSv1.2' })
  assert.ok(sessions.size > 0)
  const second = await visit(t, { bench, port, leaf, version: 'TLSv1.2' }, session)
  assert.deepEqual([second.reused, second.status], [true, 'HTTP/1.1 403 Forbidden'])
})
