import assert from 'node:assert/strict'
import { once } from 'node:events'
import https from 'node:https'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import tls from 'node:tls'
import { createTestPki } from '../../../test/support/test-pki.ts'
import { openTrust, type PeerIdentity, TrustError } from '../src/index.ts'
import { createRefusal } from '../src/server/refusal.ts'
import { get } from './support/get.ts'
import { createTestBench } from './support/test-bench.ts'

test('server: caller in allow → answered, and known', async (t) => {
  const bench = await createTestBench(t)
  const web = await bench.host('web-1')
  let seen: PeerIdentity | undefined
  const { url } = await bench.serve(web, { allow: ['billing'] }, (request, response) => {
    seen = web.identity.peerIdentity(request)
    response.end()
  })
  const spiffe = 'spiffe://prod.example/billing'
  const caller = await bench.host('billing', { leaf: { names: ['billing', `uri:${spiffe}`, 'ip:10.0.0.1'] } })
  const leaf = await caller.rotate({ names: ['billing', `uri:${spiffe}`, 'ip:10.0.0.1'] })
  const { socket, status } = await get(url, { agent: caller.identity.httpsAgent() })
  assert.equal(status, 200)
  assert.deepEqual(seen, {
    names: ['dns:billing', `uri:${spiffe}`, 'ip:10.0.0.1'],
    uri: spiffe,
    serial: leaf.serial,
    notAfter: leaf.certificate.validToDate.getTime(),
    fingerprint: leaf.fingerprint,
  })
  assert.deepEqual(caller.identity.peerIdentity(socket).names, ['dns:web-1', 'dns:localhost'])
  socket.destroy()
  await once(socket, 'close')
  const later = caller.identity.peerIdentity(socket)
  assert.deepEqual(later.names, ['dns:web-1', 'dns:localhost'], 'known when it is closed, too')
})

const allowed: [string, string[], string[], number][] = [
  ['a DNS name', ['billing'], ['billing'], 200],
  ['a DNS name in other case', ['Billing'], ['billing'], 200],
  ['a DNS name in other case in the certificate', ['billing'], ['BILLING'], 200],
  ['a SPIFFE ID', ['spiffe://prod.example/billing'], ['uri:spiffe://prod.example/billing'], 200],
  ['an address', ['10.0.0.1'], ['ip:10.0.0.1'], 200],
  ['one of several', ['web-2', 'billing'], ['x', 'billing'], 200],
  ['another name', ['billing'], ['billing-2'], 403],
  ['a prefix', ['billing'], ['billing.evil'], 403],
  ['a suffix', ['billing'], ['evil.billing'], 403],
  ['a wildcard that covers it', ['billing.example'], ['*.example'], 403],
  ['the same text as another type', ['billing'], ['uri:spiffe://billing/', 'email:billing@x'], 403],
  ['a SPIFFE ID below', ['spiffe://prod.example/a'], ['uri:spiffe://prod.example/a/b'], 403],
  ['an empty list', [], ['billing'], 403],
]
for (const [what, allow, names, expected] of allowed) {
  test(`allow: ${what} → ${expected}`, async (t) => {
    const bench = await createTestBench(t)
    let asked = 0
    const { url } = await bench.serve(await bench.host('web-1'), { allow }, (_request, response) => {
      asked += 1
      response.end()
    })
    const caller = await bench.host('billing', { leaf: { names } })
    const { status, body } = await get(url, { agent: caller.identity.httpsAgent() })
    assert.deepEqual([status, asked], [expected, expected === 200 ? 1 : 0])
    if (expected === 403) assert.equal(JSON.parse(body).code, 'peer-not-allowed')
  })
}

test('identity compared loosely: a caller with its name in the CN only → 403', async (t) => {
  const bench = await createTestBench(t)
  const { url } = await bench.serve(await bench.host('web-1'), { allow: ['billing'] })
  const caller = await bench.host('x', { leaf: { commonName: 'billing', names: ['x'] } })
  assert.equal((await get(url, { agent: caller.identity.httpsAgent() })).status, 403)
})

test('allow: anyone-in-bundle → any certificate under the bundle', async (t) => {
  const bench = await createTestBench(t)
  const { url } = await bench.serve(await bench.host('web-1'), { allow: 'anyone-in-bundle' })
  const caller = await bench.host('whoever')
  assert.equal((await get(url, { agent: caller.identity.httpsAgent() })).status, 200)
})

test('allow: missing, a text, a pattern or no name → TypeError', async (t) => {
  const bench = await createTestBench(t)
  const { identity } = await bench.host('web-1')
  for (const allow of [undefined, null, 'billing', '*', ['*.example'], ['*'], ['a b'], ['']]) {
    assert.throws(() => identity.createServer({ allow } as never), TypeError, JSON.stringify(allow))
  }
})

test('server: no client certificate, other CA, for servers only, expired → fails in the handshake', async (t) => {
  const bench = await createTestBench(t)
  let asked = 0
  const { url, port } = await bench.serve(await bench.host('web-1'), { allow: 'anyone-in-bundle' }, () => {
    asked += 1
  })
  const ca = bench.pki.bundlePem
  const other = await createTestPki()
  const names = ['billing']
  const leaves = [
    undefined,
    await other.issue({ names }),
    await bench.pki.issue({ names, usages: ['server'] }),
    await bench.pki.issue({ names, notBefore: new Date(0), notAfter: new Date(1000) }),
  ]
  for (const leaf of leaves) {
    const own = leaf === undefined ? {} : { cert: leaf.fullchainPem, key: leaf.keyPem }
    const agent = new https.Agent({ ca, ...own })
    await assert.rejects(get(url, { agent }), { code: /^(ERR_SSL_|ECONNRESET|EPIPE|EPROTO)/ })
  }
  const trust = await openTrust(`${(await bench.live(await bench.pki.issue())).path}/bundle.pem`)
  bench.after(() => trust.close())
  await assert.rejects(get(url, { agent: trust.httpsAgent() }), {
    code: /^(ERR_SSL_|ECONNRESET|EPIPE|EPROTO)/,
  })
  assert.equal(asked, 0)
  assert.ok(port > 0)
})

test('refusal: a refused peer asks for nothing → its connection is closed all the same', async () => {
  const socket = new PassThrough()
  createRefusal(1).refuse(socket, new TrustError('peer-not-allowed', 'test'))
  await once(socket, 'close')
})

test('server: upgrade by a caller that is not allowed → 403, and no upgrade event', async (t) => {
  const bench = await createTestBench(t)
  const { server, url } = await bench.serve(await bench.host('web-1'), { allow: ['billing'] })
  server.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n'))
  const caller = await bench.host('evil')
  const headers = { connection: 'Upgrade', upgrade: 'websocket' }
  assert.equal((await get(url, { agent: caller.identity.httpsAgent(), headers })).status, 403)
})

test('server: TLS 1.2 → refused, unless lowered by the option', async (t) => {
  const bench = await createTestBench(t)
  const caller = await bench.pki.issue({ names: ['billing'] })
  const agent = (): https.Agent => {
    const { bundlePem: ca } = bench.pki
    return new https.Agent({ ca, cert: caller.fullchainPem, key: caller.keyPem, maxVersion: 'TLSv1.2' })
  }
  const strict = await bench.host('web-1')
  const { url } = await bench.serve(strict, { allow: ['billing'] })
  await assert.rejects(get(url, { agent: agent() }), { message: /protocol version/ })
  await strict.rotate()
  strict.identity.tlsOptions()
  await assert.rejects(get(url, { agent: agent() }), { message: /protocol version/ }, 'after a rotation too')

  const lowered = await bench.host('web-1', { trust: { minVersion: 'TLSv1.2' } })
  const second = await bench.serve(lowered, { allow: ['billing'] })
  assert.equal((await get(second.url, { agent: agent() })).status, 200)
})

test('client: a server with TLS 1.2 only → refused, unless lowered by the option', async (t) => {
  const bench = await createTestBench(t)
  const leaf = await bench.pki.issue({ names: ['localhost'] })
  const { url } = await bench.serveLeaf(leaf, { maxVersion: 'TLSv1.2' })
  const strict = await bench.host('billing')
  await assert.rejects(get(url, { agent: strict.identity.httpsAgent() }), { code: 'handshake-failed' })
  const lowered = await bench.host('billing', { trust: { minVersion: 'TLSv1.2' } })
  assert.equal((await get(url, { agent: lowered.identity.httpsAgent() })).body, 'hello')
})

test('peerIdentity: a connection without a verified certificate → TrustError', async (t) => {
  const bench = await createTestBench(t)
  const { identity } = await bench.host('web-1')
  const { port } = await bench.serveLeaf(await bench.pki.issue({ names: ['localhost'] }))
  const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
  t.after(() => socket.destroy())
  await once(socket, 'secureConnect')
  assert.throws(() => identity.peerIdentity(socket), { code: 'peer-missing' })
})

test('http: options of TLS, with which others could get in → TypeError; limits are taken', async (t) => {
  const bench = await createTestBench(t)
  const web = await bench.host('web-1')
  const others = await createTestPki()
  const SNICallback: tls.TlsOptions['SNICallback'] = (_name, done) =>
    done(null, tls.createSecureContext({ ca: others.bundlePem }))
  const refused: object[] = [
    { SNICallback },
    { pskCallback: () => Buffer.alloc(32) },
    { ca: others.bundlePem },
    { requestCert: false },
    { allowPartialTrustChain: true },
    { anOptionOfALaterNode: true },
    Object.create({ ca: others.bundlePem }) as object,
  ]
  for (const http of refused) {
    const [name] = [...Object.keys(http), 'ca']
    assert.throws(() => web.identity.createServer({ allow: 'anyone-in-bundle', http }), {
      name: 'TypeError',
      message: new RegExp(
        `^http takes no option ${name}\\. Leave it out: .* said by allow\\. http takes .*headersTimeout`,
      ),
    })
  }
  const { server } = await bench.serve(web, {
    allow: 'anyone-in-bundle',
    http: { maxHeaderSize: 4_096, headersTimeout: 5_000 },
  })
  assert.equal(server.headersTimeout, 5_000)
})

test('a server that is there: another context, names of others and keys of tickets are refused, and its own still rotate', async (t) => {
  const bench = await createTestBench(t)
  const [web, billing] = [await bench.host('web-1'), await bench.host('billing')]
  const others = await createTestPki()
  const { server, port } = await bench.serve(web, { allow: 'anyone-in-bundle' })
  const tlsServer = server as tls.Server
  const context = { ca: others.bundlePem }
  assert.throws(() => tlsServer.setSecureContext(context), /setSecureContext: this server follows/)
  assert.throws(() => tlsServer.addContext('localhost', context), /addContext: this server has the trust/)
  assert.throws(() => tlsServer.setTicketKeys(Buffer.alloc(48)), /setTicketKeys: no session/)
  const agent = billing.identity.httpsAgent()
  assert.equal((await get(`https://localhost:${port}`, { agent })).status, 200)
})

test('tlsOptions: a library adds roots to its list → nobody else trusts them', async (t) => {
  const bench = await createTestBench(t)
  const { identity } = await bench.host('web-1')
  const others = await createTestPki()
  const before = identity.tlsOptions().ca
  ;(identity.tlsOptions().ca as string[]).push(others.bundlePem)
  assert.deepEqual(identity.tlsOptions().ca, before)
})

test('tlsOptions: servers and clients made from it → this bundle only, names and lifetimes checked', async (t) => {
  const bench = await createTestBench(t)
  const [web, billing] = [await bench.host('web-1'), await bench.host('billing')]
  const { port } = await bench.listen(
    https.createServer(web.identity.tlsOptions(), (request, response) => {
      response.end(web.identity.peerIdentity(request).names.join())
    }),
  )
  const connectWith = async (options: tls.ConnectionOptions): Promise<boolean> => {
    const socket = tls.connect({ port, host: '127.0.0.1', servername: 'localhost', ...options })
    t.after(() => socket.destroy())
    await once(socket, 'secureConnect')
    return socket.authorized
  }
  assert.equal(await connectWith(billing.identity.tlsOptions()), true)
  assert.equal(await connectWith(billing.identity.tlsOptions({ peer: 'web-1' })), true)
  await assert.rejects(connectWith(billing.identity.tlsOptions({ peer: 'web-2' })), {
    code: 'peer-not-allowed',
  })
  const misnamed = { ...billing.identity.tlsOptions(), servername: 'web-2' }
  await assert.rejects(connectWith(misnamed), { code: 'peer-name-mismatch' })

  const strict = await bench.host('billing', { trust: { maxLifetimeSeconds: 60 } })
  await assert.rejects(connectWith(strict.identity.tlsOptions()), { code: 'peer-lifetime-too-long' })
  const agent = billing.identity.httpsAgent()
  assert.equal((await get(`https://localhost:${port}`, { agent })).body, 'dns:billing,dns:localhost')
})
