import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { createTestPki, type TestLeafOptions } from '../../../test/support/test-pki.ts'
import type { TrustOptions } from '../src/index.ts'
import { get } from './support/get.ts'
import { createTestBench, type TestBench } from './support/test-bench.ts'

const hourMs = 3_600_000

/** What a client of the bench sees at a server with that leaf: `hello`, or the error's code. */
async function seen(
  t: TestContext,
  leaf: TestLeafOptions,
  { peer, host = 'localhost', trust = {} }: { peer?: string; host?: string; trust?: TrustOptions } = {},
  bench?: TestBench,
): Promise<string> {
  const at = bench ?? (await createTestBench(t))
  const { port } = await at.serveLeaf(await at.pki.issue(leaf))
  const { identity } = await at.host('billing', { trust })
  const agent = identity.httpsAgent(peer === undefined ? {} : { peer })
  const options = { agent, servername: host, host: '127.0.0.1', port }
  // An address is asked for as such; names are resolved by nobody here.
  const url = `https://127.0.0.1:${port}`
  const answer = get(url, host === '127.0.0.1' ? { agent } : options)
  return answer.then(
    ({ body }) => body,
    (error: { code: string; name: string }) => (error.name === 'TrustError' ? error.code : String(error)),
  )
}

test('server certificate: name in the SAN → accepted', async (t) => {
  assert.equal(await seen(t, { names: ['localhost'] }), 'hello')
})

test('identity compared loosely: name in the CN only → refused', async (t) => {
  assert.equal(await seen(t, { commonName: 'localhost' }), 'peer-name-mismatch')
  assert.equal(await seen(t, { commonName: 'localhost', names: ['email:a@localhost'] }), 'peer-name-mismatch')
})

test('server certificate: for another name → refused', async (t) => {
  assert.equal(await seen(t, { names: ['web-2'] }), 'peer-name-mismatch')
})

test('server certificate: wildcard → one label and no more', async (t) => {
  const names = ['*.web.example']
  assert.equal(await seen(t, { names }, { host: 'a.web.example' }), 'hello')
  assert.equal(await seen(t, { names }, { host: 'b.a.web.example' }), 'peer-name-mismatch')
  assert.equal(await seen(t, { names }, { host: 'web.example' }), 'peer-name-mismatch')
})

test('server certificate: host is an address → found as address only', async (t) => {
  assert.equal(await seen(t, { names: ['ip:127.0.0.1'] }, { host: '127.0.0.1' }), 'hello')
  assert.equal(await seen(t, { names: ['ip:127.0.0.2'] }, { host: '127.0.0.1' }), 'peer-name-mismatch')
  assert.equal(await seen(t, { names: ['localhost'] }, { host: '127.0.0.1' }), 'peer-name-mismatch')
})

test('server certificate: option peer → that identity letter for letter, whatever the host', async (t) => {
  const spiffe = 'spiffe://prod.example/web'
  const names = [`uri:${spiffe}`]
  assert.equal(await seen(t, { names }, { peer: spiffe }), 'hello')
  assert.equal(await seen(t, { names }, { peer: `${spiffe}/admin` }), 'peer-not-allowed')
  assert.equal(await seen(t, { names: [`uri:${spiffe}/admin`] }, { peer: spiffe }), 'peer-not-allowed')
  assert.equal(
    await seen(t, { names: [`uri:${spiffe.toUpperCase()}`] }, { peer: spiffe }),
    'peer-not-allowed',
  )
  assert.equal(await seen(t, { names: ['localhost'] }, { peer: spiffe }), 'peer-not-allowed')
  assert.equal(await seen(t, { names: ['web-1'] }, { peer: 'web-1' }), 'hello')
  assert.equal(await seen(t, { names: ['*.example'] }, { peer: 'web-1.example' }), 'peer-not-allowed')
})

test('server certificate: under another root → refused', async (t) => {
  const bench = await createTestBench(t)
  const other = await createTestPki({ rootName: 'Test Root' })
  const leaf = { names: ['localhost'], issuer: other.intermediate }
  assert.equal(await seen(t, leaf, {}, bench), 'peer-untrusted')
})

test('server certificate: expired → refused, by name', async (t) => {
  const notBefore = new Date(Date.now() - 2 * hourMs)
  const notAfter = new Date(Date.now() - hourMs)
  assert.equal(await seen(t, { names: ['localhost'], notBefore, notAfter }), 'peer-certificate-expired')
})

test('server certificate: not valid yet → refused, by name', async (t) => {
  const notBefore = new Date(Date.now() + hourMs)
  assert.equal(await seen(t, { names: ['localhost'], notBefore }), 'peer-certificate-not-yet-valid')
})

test('server certificate: expired by the clock given, not by the system → refused', async (t) => {
  const leaf = { names: ['localhost'], notAfter: new Date(Date.now() + hourMs) }
  const trust = { now: () => Date.now() + 2 * hourMs }
  assert.equal(await seen(t, leaf, { trust }), 'peer-certificate-expired')
})

test('server certificate: for clients only → refused', async (t) => {
  assert.equal(await seen(t, { names: ['localhost'], usages: ['client'] }), 'peer-wrong-purpose')
})

test('server certificate: made to live over 25 hours → refused', async (t) => {
  const notBefore = new Date(Date.now() - hourMs)
  const leafOf = (seconds: number): TestLeafOptions => {
    return { names: ['localhost'], notBefore, notAfter: new Date(notBefore.getTime() + seconds * 1000) }
  }
  assert.equal(await seen(t, leafOf(90_000)), 'hello')
  assert.equal(await seen(t, leafOf(90_002)), 'peer-lifetime-too-long')
  assert.equal(await seen(t, leafOf(90_002), { trust: { maxLifetimeSeconds: 100_000 } }), 'hello')
  assert.equal(await seen(t, leafOf(7200), { trust: { maxLifetimeSeconds: 3600 } }), 'peer-lifetime-too-long')
})

test('client certificate: made to live over 25 hours → 403 and the reason', async (t) => {
  const bench = await createTestBench(t)
  const web = await bench.host('web-1')
  const { server, url } = await bench.serve(web, { allow: ['billing'] })
  const notBefore = new Date(Date.now() - hourMs)
  const notAfter = new Date(notBefore.getTime() + 90_002_000)
  const caller = await bench.host('billing', { leaf: { notBefore, notAfter } })
  const refused = once(server, 'refused')
  const { status, body } = await get(url, { agent: caller.identity.httpsAgent() })
  assert.equal(status, 403)
  assert.equal(JSON.parse(body).code, 'peer-lifetime-too-long')
  const [error] = await refused
  assert.equal(error.code, 'peer-lifetime-too-long')
})

test('options: a limit that is no number over 0 → TypeError', async (t) => {
  const bench = await createTestBench(t)
  for (const maxLifetimeSeconds of [0, -1, Number.NaN, 'day' as never]) {
    await assert.rejects(bench.host('web-1', { trust: { maxLifetimeSeconds } }), TypeError)
  }
  await assert.rejects(bench.host('web-1', { trust: { minVersion: 'TLSv1' as never } }), TypeError)
})

test('request: TLS options of its own → have no say', async (t) => {
  const bench = await createTestBench(t)
  const stranger = await createTestPki()
  const { url } = await bench.serveLeaf(await stranger.issue({ names: ['localhost'] }))
  const misnamed = await bench.serveLeaf(await bench.pki.issue({ names: ['web-2'] }))
  const { identity } = await bench.host('billing')
  const lax = {
    agent: identity.httpsAgent(),
    ca: stranger.bundlePem,
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  }
  await assert.rejects(get(url, lax), { code: 'peer-untrusted' })
  await assert.rejects(get(misnamed.url, lax), { code: 'peer-name-mismatch' })
})
