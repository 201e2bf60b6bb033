import assert from 'node:assert/strict'
import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import https from 'node:https'
import { join, relative } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createTestPki } from '../../../test/support/test-pki.ts'
import { openIdentity, pinnedAgent, type TrustError } from '../src/index.ts'
import { get } from './support/get.ts'
import { createTestBench, type Host, type Served, type TestBench } from './support/test-bench.ts'

interface Pair {
  readonly bench: TestBench
  readonly web: Host
  readonly billing: Host
  readonly served: Served
}

/** A server that answers with its caller's serial. */
async function createPair(t: TestContext): Promise<Pair> {
  const bench = await createTestBench(t)
  const [web, billing] = [await bench.host('web-1'), await bench.host('billing')]
  const served = await bench.serve(web, { allow: ['billing'] }, (request, response) => {
    response.end(web.identity.peerIdentity(request).serial)
  })
  return { bench, web, billing, served }
}

const closing = { headers: { connection: 'close' } }

test('rotation: new certificate on disk → shown by the very next connection, on both sides', async (t) => {
  const { web, billing, served } = await createPair(t)
  const agent = billing.identity.httpsAgent()
  for (const _ of [1, 2, 3]) {
    const [ours, theirs] = [await billing.rotate(), await web.rotate()]
    // No turn of the event loop between the file's change and the call: no watcher can have told.
    const { body, serial } = await get(served.url, { agent, ...closing })
    assert.equal(body, ours.serial)
    assert.equal(serial, theirs.serial)
    const later = await billing.identity.fetch(served.url, closing)
    assert.equal(await later.text(), ours.serial)
  }
})

test('rotation: files written in place, no link → used too', async (t) => {
  const { bench, served } = await createPair(t)
  const first = await bench.pki.issue({ names: ['billing'] })
  const live = await bench.live(first)
  const generation = join(live.root, 'archive', 'web', '0001')
  const [bundle, cert, key] = ['bundle.pem', 'fullchain.pem', 'key.pem'].map((file) => join(generation, file))
  const agent = pinnedAgent({ bundle: bundle ?? '', cert: cert ?? '', key: key ?? '', onProblem: () => {} })
  bench.after(() => agent.destroy())
  assert.equal((await get(served.url, { agent, ...closing })).body, first.serial)
  const second = await bench.pki.issue({ names: ['billing'] })
  await writeFile(key ?? '', second.keyPem)
  assert.equal((await get(served.url, { agent, ...closing })).body, first.serial, 'half written: the old')
  await writeFile(cert ?? '', second.fullchainPem)
  assert.equal((await get(served.url, { agent, ...closing })).body, second.serial)
})

test('rotation: nobody connects → told by the watcher, and idle connections of the client close', async (t) => {
  const { billing, served } = await createPair(t)
  const agent = billing.identity.httpsAgent()
  const { socket } = await get(served.url, { agent })
  await billing.identity.fetch(served.url).then((answer) => answer.text())
  const closed = once(socket, 'close')
  const rotated = once(billing.identity, 'rotation')
  const leaf = await billing.rotate()
  const [rotation] = await rotated
  assert.equal(rotation.serial, leaf.serial)
  assert.equal(billing.identity.certificate.serial, leaf.serial)
  await closed
  assert.equal((await get(served.url, { agent })).body, leaf.serial)
  assert.equal(await billing.identity.fetch(served.url).then((answer) => answer.text()), leaf.serial)
})

test('rotation: opened by a relative path → followed as well, wherever the process goes', async (t) => {
  const { live, rotate } = await (await createTestBench(t)).host('billing')
  const identity = await openIdentity(relative(process.cwd(), live.path))
  t.after(() => identity.close())
  const home = process.cwd()
  process.chdir('/')
  t.after(() => process.chdir(home))
  const rotated = once(identity, 'rotation')
  const leaf = await rotate()
  assert.equal((await rotated)[0].serial, leaf.serial)
})

test('rotation: kept connections → the same until then, another after', async (t) => {
  const { billing, served } = await createPair(t)
  const agent = billing.identity.httpsAgent()
  const first = await get(served.url, { agent })
  const second = await get(served.url, { agent })
  assert.equal(second.reused, true)
  assert.equal(second.socket, first.socket)
  const rotated = once(billing.identity, 'rotation')
  await billing.rotate()
  await rotated
  const third = await get(served.url, { agent })
  assert.equal(third.reused, false)
})

test('rotation: requests of the client on their way → finish, and their connection is not kept', async (t) => {
  const bench = await createTestBench(t)
  const [web, billing] = [await bench.host('web-1'), await bench.host('billing')]
  let finish = (): void => {}
  const { server, url } = await bench.serve(web, { allow: ['billing'] }, (_request, response) => {
    response.write('first half, ')
    finish = () => response.end('second half')
    server.emit('half')
  })
  for (const ask of [
    () => get(url, { agent: billing.identity.httpsAgent() }).then(({ body }) => body),
    () => billing.identity.fetch(url).then((answer) => answer.text()),
  ]) {
    const half = once(server, 'half')
    const body = ask()
    await half
    const rotated = once(billing.identity, 'rotation')
    await billing.rotate()
    await rotated
    finish()
    assert.equal(await body, 'first half, second half')
  }
})

test('rotation: a request waits for the only connection → it gets a new one, with the new certificate', async (t) => {
  const bench = await createTestBench(t)
  const [web, billing] = [await bench.host('web-1'), await bench.host('billing')]
  let finish = (): void => {}
  const { server, url } = await bench.serve(web, { allow: ['billing'] }, (request, response) => {
    const { serial } = web.identity.peerIdentity(request)
    if (request.url === '/next') return response.end(serial)
    finish = () => response.end(serial)
    return server.emit('asked')
  })
  const agent = billing.identity.httpsAgent({ maxSockets: 1 })
  const before = billing.identity.certificate.serial
  const asked = once(server, 'asked')
  const running = get(url, { agent })
  await asked
  const waiting = get(`${url}/next`, { agent })
  const rotated = once(billing.identity, 'rotation')
  const leaf = await billing.rotate()
  await rotated
  finish()
  assert.equal((await running).body, before)
  assert.equal((await waiting).body, leaf.serial)
})

test("rotation: the server's idle connections → closed; a running response finishes first", async (t) => {
  const bench = await createTestBench(t)
  const web = await bench.host('web-1')
  let finish = (): void => {}
  const patient = { allow: ['billing'], http: { keepAliveTimeout: 3_600_000 } }
  const { server, url } = await bench.serve(web, patient, (request, response) => {
    if (request.url === '/') return response.end('hello')
    response.write('first half, ')
    finish = () => response.end('second half')
    return server.emit('half')
  })
  const leaf = await bench.pki.issue({ names: ['billing'] })
  const agent = new https.Agent({
    ca: bench.pki.bundlePem,
    cert: leaf.fullchainPem,
    key: leaf.keyPem,
    keepAlive: true,
  })
  t.after(() => agent.destroy())
  const half = once(server, 'half')
  const running = get(`${url}/long`, { agent })
  await half
  const idle = await get(url, { agent })
  const idleClosed = once(idle.socket, 'close')

  const rotated = once(web.identity, 'rotation')
  const next = await web.rotate()
  await rotated
  await idleClosed
  finish()
  const { body, socket } = await running
  assert.equal(body, 'first half, second half')
  if (!socket.destroyed) await once(socket, 'close')
  assert.equal((await get(url, { agent })).serial, next.serial)
})

test('rotation: a kept connection in use → its next response says Connection: close', async (t) => {
  const bench = await createTestBench(t)
  const web = await bench.host('web-1')
  const { url } = await bench.serve(web, { allow: ['billing'] })
  const leaf = await bench.pki.issue({ names: ['billing'] })
  const { bundlePem: ca } = bench.pki
  const agent = new https.Agent({ ca, cert: leaf.fullchainPem, key: leaf.keyPem, keepAlive: true })
  t.after(() => agent.destroy())
  const before = await get(url, { agent })
  assert.equal(before.headers.connection, 'keep-alive')
  await web.rotate()
  web.identity.tlsOptions()
  const after = await get(url, { agent })
  assert.equal(after.reused, true)
  assert.equal(after.headers.connection, 'close')
})

test('trust: a root leaves the bundle → the next connection to its peers is refused, on both sides', async (t) => {
  const bench = await createTestBench(t)
  const second = await createTestPki({ rootName: 'Second Root' })
  const both = bench.pki.bundlePem + second.bundlePem
  const billing = await bench.host('billing', { bundlePem: both })
  const web = await bench.host('web-1', { bundlePem: both })
  const old = await bench.serveLeaf(await second.issue({ names: ['localhost'] }))
  const { url } = await bench.serve(web, { allow: ['billing'] })
  const oldLeaf = await second.issue({ names: ['billing'] })
  const caller = (): https.Agent => {
    return new https.Agent({ ca: both, cert: oldLeaf.fullchainPem, key: oldLeaf.keyPem })
  }
  const agent = billing.identity.httpsAgent()
  assert.equal((await get(old.url, { agent, ...closing })).body, 'hello')
  assert.equal((await get(url, { agent: caller() })).status, 200)

  await billing.live.install(await bench.pki.issue({ names: ['billing'] }), bench.pki.bundlePem)
  await web.live.install(await bench.pki.issue({ names: ['web-1', 'localhost'] }), bench.pki.bundlePem)
  await assert.rejects(get(old.url, { agent, ...closing }), { code: 'peer-untrusted' })
  await assert.rejects(get(url, { agent: caller() }), { code: /^(ERR_SSL_|ECONNRESET|EPIPE|EPROTO)/ })
})

const hourMs = 3_600_000
const broken: [string, (pair: Pair) => Promise<Record<string, string>>, string][] = [
  ['an empty bundle', async () => ({ 'bundle.pem': '' }), 'bundle-invalid'],
  ['a bundle of garbage', async () => ({ 'bundle.pem': 'garbage' }), 'bundle-invalid'],
  ['an empty certificate', async () => ({ 'fullchain.pem': '' }), 'certificate-invalid'],
  ['an empty key', async () => ({ 'key.pem': '' }), 'key-invalid'],
  [
    "another certificate's key",
    async ({ bench }) => ({ 'key.pem': (await bench.pki.issue()).keyPem }),
    'key-mismatch',
  ],
  [
    'a chain in the wrong order',
    async ({ bench }) => {
      const leaf = await bench.pki.issue({ names: ['x'] })
      return { 'fullchain.pem': leaf.certificatePem + leaf.certificatePem, 'key.pem': leaf.keyPem }
    },
    'certificate-invalid',
  ],
  [
    'an expired certificate',
    async ({ bench }) => {
      const notBefore = new Date(Date.now() - 2 * hourMs)
      const notAfter = new Date(Date.now() - hourMs)
      const leaf = await bench.pki.issue({ names: ['billing', 'web-1', 'localhost'], notBefore, notAfter })
      return { 'fullchain.pem': leaf.fullchainPem, 'key.pem': leaf.keyPem }
    },
    'own-certificate-expired',
  ],
]
for (const [what, overrides, code] of broken) {
  test(`broken material: ${what} → the old is kept on both sides, told once, until it is mended`, async (t) => {
    const pair = await createPair(t)
    const { bench, web, billing, served } = pair
    const agent = billing.identity.httpsAgent()
    const before = await get(served.url, { agent, ...closing })
    for (const host of [web, billing]) {
      const problems: TrustError[] = []
      host.identity.on('problem', (problem) => problems.push(problem))
      await host.live.install(
        await bench.pki.issue({ names: ['x'] }),
        bench.pki.bundlePem,
        await overrides(pair),
      )
      for (const _ of [1, 2]) {
        const { body, serial } = await get(served.url, { agent, ...closing })
        assert.deepEqual([body, serial], [before.body, before.serial])
      }
      assert.deepEqual(
        problems.map((problem) => problem.code),
        [code],
      )
      assert.match(problems[0]?.message ?? '', /\/archive\/web\/0002\//)
    }
    const [ours, theirs] = [await billing.rotate(), await web.rotate()]
    const { body, serial } = await get(served.url, { agent, ...closing })
    assert.deepEqual([body, serial], [ours.serial, theirs.serial])
  })
}

test('broken material: the live directory is gone → the old is kept, and told', async (t) => {
  const { billing, served } = await createPair(t)
  const told = once(billing.identity, 'problem')
  await rm(billing.live.path)
  const agent = billing.identity.httpsAgent()
  assert.equal((await get(served.url, { agent, ...closing })).status, 200)
  const [problem] = await told
  assert.equal(problem.code, 'bundle-missing')
})

test('broken material: nobody listens → a process warning', async (t) => {
  const { bench, billing } = await createPair(t)
  const warned = once(process, 'warning')
  await billing.live.install(await bench.pki.issue({ names: ['billing'] }), '')
  const [warning] = await warned
  assert.equal(warning.code, 'bundle-invalid')
})

test('problem: error and its cause → no part of the key', async (t) => {
  const { bench, billing } = await createPair(t)
  const leaf = await bench.pki.issue({ names: ['billing'] })
  const told = once(billing.identity, 'problem')
  await billing.live.install(leaf, bench.pki.bundlePem, { 'key.pem': `${leaf.keyPem.slice(0, 120)}\n` })
  const [problem] = await told
  const { inspect } = await import('node:util')
  assert.equal(inspect(problem, { depth: 9 }).includes(leaf.keyPem.slice(40, 80)), false)
})
