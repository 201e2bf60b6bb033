import assert from 'node:assert/strict'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { request } from 'undici'
import { fetchFailure, get } from './support/get.ts'
import { createTestBench, type TestBench } from './support/test-bench.ts'

async function echo(bench: TestBench): Promise<{ url: string; ports: Set<number | undefined> }> {
  const ports = new Set<number | undefined>()
  const web = await bench.host('web-1')
  const { url } = await bench.serve(web, { allow: ['billing'] }, (incoming, response) => {
    ports.add(incoming.socket.remotePort)
    incoming.pipe(response)
  })
  return { url, ports }
}

test('https.get: several in a row → one kept connection', async (t) => {
  const bench = await createTestBench(t)
  const { identity } = await bench.host('billing')
  const { url, ports } = await echo(bench)
  for (const _ of [1, 2, 3]) await get(url, { agent: identity.httpsAgent() })
  assert.equal(ports.size, 1)
})

test("Node's own fetch with the dispatcher → answered, connections kept, POST bodies too", async (t) => {
  const bench = await createTestBench(t)
  const { identity } = await bench.host('billing')
  const { url, ports } = await echo(bench)
  for (const body of ['one', 'two', 'three']) {
    const answer = await fetch(url, { method: 'POST', body, dispatcher: identity.dispatcher() })
    assert.equal(await answer.text(), body)
  }
  assert.ok(ports.size < 3)
})

test('identity.fetch → answered, with Request, FormData and signals of Node', async (t) => {
  const bench = await createTestBench(t)
  const { identity } = await bench.host('billing')
  const { url } = await echo(bench)
  const posted = await identity.fetch(new Request(url, { method: 'POST', body: 'text' }))
  assert.ok(posted instanceof Response)
  assert.equal(await posted.text(), 'text')
  const form = new FormData()
  form.set('field', 'value')
  assert.match(await (await identity.fetch(url, { method: 'POST', body: form })).text(), /name="field"/)
  await assert.rejects(identity.fetch(url, { signal: AbortSignal.abort() }), { name: 'AbortError' })
})

test("undici's request with the dispatcher → answered", async (t) => {
  const bench = await createTestBench(t)
  const { identity } = await bench.host('billing')
  const { url } = await echo(bench)
  const { body } = await request(url, { method: 'POST', body: 'text', dispatcher: identity.dispatcher() })
  assert.equal(await body.text(), 'text')
})

test('many requests at once → all answered, through rotations of both sides', async (t) => {
  const bench = await createTestBench(t)
  const [web, billing] = [await bench.host('web-1'), await bench.host('billing')]
  const { url } = await bench.serve(web, { allow: ['billing'] })
  let isOver = false
  let answered = 0
  const askOn = async (ask: () => Promise<number>): Promise<void> => {
    while (!isOver) {
      assert.equal(await ask(), 200)
      answered += 1
    }
  }
  const asking = [
    ...Array.from({ length: 5 }, () =>
      askOn(() => billing.identity.fetch(url).then((answer) => answer.text().then(() => answer.status))),
    ),
    ...Array.from({ length: 5 }, () =>
      askOn(() => get(url, { agent: billing.identity.httpsAgent() }).then(({ status }) => status)),
    ),
  ]
  for (let rotations = 0; rotations < 10; rotations += 1) {
    const goal = answered + 40
    await (rotations % 2 === 0 ? web : billing).rotate()
    while (answered < goal) await new Promise((resolve) => setImmediate(resolve))
  }
  isOver = true
  await Promise.all(asking)
  assert.ok(answered >= 400)
})

test('httpsAgent and dispatcher: same options → the same; other options → another', async (t) => {
  const bench = await createTestBench(t)
  const { identity } = await bench.host('billing')
  assert.equal(identity.httpsAgent(), identity.httpsAgent())
  assert.equal(identity.dispatcher({ peer: 'a' }), identity.dispatcher({ peer: 'a' }))
  assert.notEqual(identity.httpsAgent({ peer: 'a' }), identity.httpsAgent({ peer: 'b' }))
})

test('dispatcher: option peer → judged by identity', async (t) => {
  const bench = await createTestBench(t)
  const { identity } = await bench.host('billing')
  const { url } = await echo(bench)
  const post = (peer: string): Promise<Response> => {
    return fetch(url, { method: 'POST', body: 'text', dispatcher: identity.dispatcher({ peer }) })
  }
  assert.equal(await (await post('web-1')).text(), 'text')
  assert.equal((await fetchFailure(post('web-2'))).code, 'peer-not-allowed')
})

test('fetch: host is an address → found as address in the SAN', async (t) => {
  const bench = await createTestBench(t)
  const { identity } = await bench.host('billing')
  const right = await bench.serveLeaf(await bench.pki.issue({ names: ['ip:127.0.0.1'] }))
  const wrong = await bench.serveLeaf(await bench.pki.issue({ names: ['localhost'] }))
  assert.equal(await (await identity.fetch(`https://127.0.0.1:${right.port}`)).text(), 'hello')
  const failure = await fetchFailure(identity.fetch(`https://127.0.0.1:${wrong.port}`))
  assert.equal(failure.code, 'peer-name-mismatch')
})

test('header Host of a request that is passed on → has no say in who must answer', async (t) => {
  const bench = await createTestBench(t)
  const { identity } = await bench.host('billing')
  const headers = { host: 'intruder.example' }
  const intruder = await bench.serveLeaf(await bench.pki.issue({ names: ['intruder.example'] }))
  await assert.rejects(get(intruder.url, { agent: identity.httpsAgent(), headers }), {
    code: 'peer-name-mismatch',
  })
  const asked = request(intruder.url, { dispatcher: identity.dispatcher(), headers })
  await assert.rejects(asked, { code: 'peer-name-mismatch' })
  assert.equal((await fetchFailure(identity.fetch(intruder.url, { headers }))).code, 'peer-name-mismatch')

  const { url } = await echo(bench)
  assert.equal((await get(url, { agent: identity.httpsAgent(), headers })).status, 200)
  assert.equal((await request(url, { dispatcher: identity.dispatcher(), headers })).statusCode, 200)
})

test('http: asked for or redirected to → refused', async (t) => {
  const bench = await createTestBench(t)
  const { identity } = await bench.host('billing')
  const plain = http.createServer((_request, response) => response.end('plain'))
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
  bench.after(() => plain.close())
  const location = `http://localhost:${(plain.address() as AddressInfo).port}/`
  const web = await bench.host('web-1')
  const { url } = await bench.serve(web, { allow: ['billing'] }, (_request, response) => {
    response.writeHead(302, { location }).end()
  })
  assert.equal((await fetchFailure(identity.fetch(location))).code, 'not-https')
  assert.equal((await fetchFailure(identity.fetch(url))).code, 'not-https')
  assert.throws(() => http.get(location, { agent: identity.httpsAgent() }), /protocol/i)
})

test('hidden proxy settings → have no say', async (t) => {
  const bench = await createTestBench(t)
  const { identity } = await bench.host('billing')
  const { url } = await echo(bench)
  process.env.HTTPS_PROXY = 'http://127.0.0.1:1'
  t.after(() => delete process.env.HTTPS_PROXY)
  assert.equal((await get(url, { agent: identity.httpsAgent() })).status, 200)
  assert.equal((await identity.fetch(url)).status, 200)
})

test('protocols: HTTP/1.1 only is offered', async (t) => {
  const bench = await createTestBench(t)
  const { identity } = await bench.host('billing')
  const web = await bench.host('web-1')
  const { server, url } = await bench.serve(web, { allow: ['billing'] })
  const offered: unknown[] = []
  server.on('secureConnection', (socket) => offered.push(socket.alpnProtocol))
  await get(url, { agent: identity.httpsAgent() })
  await identity.fetch(url).then((answer) => answer.text())
  assert.deepEqual(offered, ['http/1.1', 'http/1.1'])
})
