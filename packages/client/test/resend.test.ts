import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import https from 'node:https'
import { test } from 'node:test'
import { request } from 'undici'
import { fetchFailure } from './support/get.ts'
import { createTestBench, type TestBench } from './support/test-bench.ts'

/** A server that cuts the connection at each request for which `cuts` says so, counted from 0. */
async function cutting(
  bench: TestBench,
  cuts: (nth: number) => boolean,
  cut: (incoming: IncomingMessage, response: ServerResponse) => void = (incoming) =>
    incoming.socket.destroy(),
): Promise<{ url: string; seen: string[] }> {
  const seen: string[] = []
  const leaf = await bench.pki.issue({ names: ['localhost'] })
  const options = { cert: leaf.fullchainPem, key: leaf.keyPem }
  const server = https.createServer(options, (incoming, response) => {
    seen.push(incoming.method ?? '')
    if (cuts(seen.length - 1)) cut(incoming, response)
    else response.end('hello')
  })
  const { url } = await bench.listen(server)
  return { url, seen }
}

test('fetch: the server closes a kept connection as a GET arrives → the GET is sent once more', async (t) => {
  const bench = await createTestBench(t)
  const { identity } = await bench.host('billing')
  const { url, seen } = await cutting(bench, (nth) => nth === 1)
  for (const _ of ['opens the connection', 'meets its end']) {
    assert.equal(await (await identity.fetch(url)).text(), 'hello')
  }
  assert.deepEqual(seen, ['GET', 'GET', 'GET'])
})

test('undici: the same for a PUT with a body', async (t) => {
  const bench = await createTestBench(t)
  const { identity } = await bench.host('billing')
  const { url, seen } = await cutting(bench, (nth) => nth === 0)
  const answer = await request(url, { method: 'PUT', body: 'x', dispatcher: identity.dispatcher() })
  assert.equal(await answer.body.text(), 'hello')
  assert.deepEqual(seen, ['PUT', 'PUT'])
})

test('fetch: the connection ends at every try → fails after the second', async (t) => {
  const bench = await createTestBench(t)
  const { identity } = await bench.host('billing')
  const { url, seen } = await cutting(bench, () => true)
  await fetchFailure(identity.fetch(url))
  assert.deepEqual(seen, ['GET', 'GET'])
})

test('fetch: the connection ends at a POST → fails at once, since a POST done twice is two', async (t) => {
  const bench = await createTestBench(t)
  const { identity } = await bench.host('billing')
  const { url, seen } = await cutting(bench, () => true)
  await fetchFailure(identity.fetch(url, { method: 'POST', body: 'x' }))
  assert.deepEqual(seen, ['POST'])
})

test('fetch: the connection ends within the answer → fails, since half of it was handed on', async (t) => {
  const bench = await createTestBench(t)
  const { identity } = await bench.host('billing')
  const half = (incoming: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(200, { 'content-length': '10' })
    response.write('hello', () => incoming.socket.destroy())
  }
  const { url, seen } = await cutting(bench, () => true, half)
  const answer = await identity.fetch(url)
  await assert.rejects(answer.text())
  assert.deepEqual(seen, ['GET'])
})
