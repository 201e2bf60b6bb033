import assert from 'node:assert/strict'
import { once } from 'node:events'
import https from 'node:https'
import { test } from 'node:test'
import tls from 'node:tls'
import { fetchFailure, get } from './support/get.ts'
import { createTestBench } from './support/test-bench.ts'

const hourMs = 3_600_000

/** A certificate's times have whole seconds; this is at least `ms` away. */
function soon(ms: number): Date {
  return new Date(Math.ceil((Date.now() + ms) / 1000) * 1000)
}

/**
 * Connects with a certificate that is soon over; with a longer one where a busy machine came too late for that.
 * An error while the certificate holds is the test's.
 */
async function connectedBeforeTheEnd<T>(connect: (notAfter: Date) => Promise<T>): Promise<T> {
  for (let lifeMs = 1500; ; lifeMs *= 2) {
    const notAfter = soon(lifeMs)
    try {
      return await connect(notAfter)
    } catch (error) {
      if (Date.now() < notAfter.getTime()) throw error
    }
  }
}

test("client: the peer's certificate expires → the kept connection ends then", async (t) => {
  const bench = await createTestBench(t)
  const { identity } = await bench.host('billing')
  const { socket, notAfter } = await connectedBeforeTheEnd(async (notAfter) => {
    const { url } = await bench.serveLeaf(await bench.pki.issue({ names: ['localhost'], notAfter }))
    return { ...(await get(url, { agent: identity.httpsAgent() })), notAfter }
  })
  await new Promise((resolve) => socket.once('close', resolve))
  assert.ok(Date.now() >= notAfter.getTime())
})

test("client: the peer's certificate expires in the middle of a response → the response ends with that error", async (t) => {
  const bench = await createTestBench(t)
  const { identity } = await bench.host('billing')
  const { failed, answer } = await connectedBeforeTheEnd(async (notAfter) => {
    const leaf = await bench.pki.issue({ names: ['localhost'], notAfter })
    const endless = https.createServer(
      { cert: leaf.fullchainPem, key: leaf.keyPem },
      (_request, response) => {
        response.write('for ever')
      },
    )
    const { port, url } = await bench.listen(endless)
    const answer = (await identity.fetch(url)).text()
    answer.catch(() => undefined)
    return { answer, failed: once(await identity.connect({ host: 'localhost', port }), 'error') }
  })
  const [error] = await failed
  assert.equal(error.code, 'peer-certificate-expired')
  assert.equal((await fetchFailure(answer)).code, 'peer-certificate-expired')
})

test("server: the caller's certificate expires → its connection ends then, request or not", async (t) => {
  const bench = await createTestBench(t)
  const web = await bench.host('web-1')
  const { url } = await bench.serve(web, { allow: ['billing'] }, (request, response) => {
    response.write('hello')
    if (request.url === '/') response.end()
  })
  const { bundlePem: ca } = bench.pki
  const { running, idle, notAfter } = await connectedBeforeTheEnd(async (notAfter) => {
    const leaf = await bench.pki.issue({ names: ['billing'], notAfter })
    const agent = new https.Agent({ ca, cert: leaf.fullchainPem, key: leaf.keyPem, keepAlive: true })
    t.after(() => agent.destroy())
    const [response] = await once(https.get(`${url}/endless`, { agent }), 'response')
    const running = once(response.resume(), 'error')
    const { socket } = await get(url, { agent })
    return { running, idle: once(socket, 'close'), notAfter }
  })
  const [[error]] = await Promise.all([running, idle])
  assert.equal(error.code, 'ECONNRESET')
  assert.ok(Date.now() >= notAfter.getTime())
})

test('client: the clock jumps past the expiry while a connection is idle → it is not used again', async (t) => {
  const bench = await createTestBench(t)
  let jumpMs = 0
  const trust = { now: () => Date.now() + jumpMs }
  const { identity } = await bench.host('billing', { trust })
  const other = (await bench.host('billing', { trust })).identity.httpsAgent()
  const leaf = await bench.pki.issue({ names: ['localhost'], notAfter: new Date(Date.now() + hourMs) })
  const { url, server } = await bench.serveLeaf(leaf)
  const agent = identity.httpsAgent()
  const first = await get(url, { agent })
  assert.equal((await get(url, { agent })).socket, first.socket)
  await identity.fetch(url).then((answer) => answer.text())
  await get(url, { agent: other })
  const asked = { count: 0 }
  server.on('request', () => {
    asked.count += 1
  })

  jumpMs = 2 * hourMs
  // Each alone must look at the clock: fetch, and an agent of another identity.
  assert.equal((await fetchFailure(identity.fetch(url))).code, 'peer-certificate-expired')
  await assert.rejects(get(url, { agent: other }), { code: 'peer-certificate-expired' })
  await assert.rejects(get(url, { agent }), { code: 'peer-certificate-expired' })
  assert.equal(asked.count, 0)
  assert.equal(first.socket.destroyed, true)

  const renewed = await bench.pki.issue({ names: ['localhost'] })
  server.setSecureContext({ cert: renewed.fullchainPem, key: renewed.keyPem })
  assert.equal((await get(url, { agent })).body, 'hello')
  assert.equal(await identity.fetch(url).then((answer) => answer.text()), 'hello')
})

test('own certificate: expired → the call says so and which file, nothing is sent', async (t) => {
  const bench = await createTestBench(t)
  const { server, url, port } = await bench.serveLeaf(await bench.pki.issue({ names: ['localhost'] }))
  const connections: unknown[] = []
  server.on('connection', (socket) => connections.push(socket))
  const notAfter = new Date(Date.now() - hourMs)
  const notBefore = new Date(Date.now() - 2 * hourMs)
  const { identity, rotate } = await bench.host('billing', { leaf: { notBefore, notAfter } })
  const error = {
    code: 'own-certificate-expired',
    message: /own certificate .*fullchain\.pem expired at .*agent/,
  }
  await assert.rejects(get(url, { agent: identity.httpsAgent() }), error)
  await assert.rejects(identity.connect({ host: 'localhost', port }), error)
  assert.equal((await fetchFailure(identity.fetch(url))).code, error.code)
  assert.throws(() => identity.tlsOptions(), error)
  assert.throws(() => identity.createServer({ allow: [] }), error)
  assert.equal(connections.length, 0)
  await rotate()
  assert.equal((await get(url, { agent: identity.httpsAgent() })).body, 'hello')
})

test('own certificate: not valid yet → the call says so', async (t) => {
  const bench = await createTestBench(t)
  const { url } = await bench.serveLeaf(await bench.pki.issue({ names: ['localhost'] }))
  const { identity } = await bench.host('billing', { leaf: { notBefore: new Date(Date.now() + hourMs) } })
  const error = { code: 'own-certificate-not-yet-valid', message: /clock/ }
  await assert.rejects(get(url, { agent: identity.httpsAgent() }), error)
})

test("own certificate: a server's expires while it listens → refused is told, and mended by the next", async (t) => {
  const bench = await createTestBench(t)
  let jumpMs = 0
  const trust = { now: () => Date.now() + jumpMs }
  const notAfter = new Date(Date.now() + hourMs)
  const web = await bench.host('web-1', { leaf: { notAfter }, trust })
  const { server, url } = await bench.serve(web, { allow: ['billing'] })
  const { identity } = await bench.host('billing')
  const agent = identity.httpsAgent({ keepAlive: false })
  assert.equal((await get(url, { agent })).status, 200)
  jumpMs = 2 * hourMs
  const refused = once(server, 'refused')
  await assert.rejects(get(url, { agent }), { code: 'ECONNRESET' })
  assert.equal((await refused)[0].code, 'own-certificate-expired')
  await web.rotate()
  assert.equal((await get(url, { agent })).status, 200)
})

test('close: afterwards → no new connection', async (t) => {
  const bench = await createTestBench(t)
  const { url, port } = await bench.serveLeaf(await bench.pki.issue({ names: ['localhost'] }))
  const { identity } = await bench.host('billing')
  const agent = identity.httpsAgent()
  const { socket } = await get(url, { agent })
  const closed = once(socket, 'close')
  await identity.close()
  await closed
  await assert.rejects(get(url, { agent }), { code: 'closed' })
  await assert.rejects(identity.connect({ host: 'localhost', port }), { code: 'closed' })
  await assert.rejects(identity.fetch(url))
})

test('connect: raw TLS → a verified connection; a peer that says nothing → connect-timeout', async (t) => {
  const bench = await createTestBench(t)
  const { identity } = await bench.host('billing', { trust: { connectTimeoutMs: 200 } })
  const leaf = await bench.pki.issue({ names: ['localhost'] })
  const echo = tls.createServer({ cert: leaf.fullchainPem, key: leaf.keyPem }, (socket) =>
    socket.pipe(socket),
  )
  const { port } = await bench.listen(echo)
  const socket = await identity.connect({ host: 'localhost', port })
  socket.end('echo')
  const [chunk] = await once(socket, 'data')
  assert.equal(String(chunk), 'echo')

  const { createServer } = await import('node:net')
  const silent = createServer(() => {})
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  bench.after(() => silent.close())
  const address = silent.address() as { port: number }
  await assert.rejects(identity.connect({ host: 'localhost', port: address.port }), {
    code: 'connect-timeout',
  })
  await assert.rejects(identity.connect({ host: 'localhost', port: 1 }), { code: 'ECONNREFUSED' })
})
