import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask } from '../support/https-caller.ts'
import { startLiveIssuer } from '../support/live-issuer.ts'

test('health: as it comes → at the API, to anyone; no metrics, and no port for them', async () => {
  const live = await startLiveIssuer()
  try {
    const get = (path: string) => ask(live.port, live.ca, { method: 'GET', path })
    assert.deepEqual((await get('/healthz')).json, { status: 'ok' })
    assert.deepEqual((await get('/readyz')).json, { status: 'ready' })
    assert.equal((await get('/metrics')).status, 404)
    assert.equal(live.issuer.metricsPort, undefined)
  } finally {
    await live.close()
  }
})

test('health: taken from the API → beside the metrics only', async () => {
  const live = await startLiveIssuer({
    yaml: 'health: { atApi: false }\nmetrics: { listen: "127.0.0.1:0" }',
  })
  try {
    for (const path of ['/healthz', '/readyz', '/metrics'])
      assert.equal((await ask(live.port, live.ca, { method: 'GET', path })).status, 404, path)
    for (const path of ['/healthz', '/readyz', '/metrics']) {
      const answer = await fetch(`http://127.0.0.1:${live.issuer.metricsPort}${path}`)
      assert.equal(answer.status, 200, path)
      await answer.text()
    }
  } finally {
    await live.close()
  }
})
