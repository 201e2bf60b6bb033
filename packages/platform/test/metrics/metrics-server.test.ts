import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isMayflyError } from '@mayfly/ca-core'
import { startMetricsServer } from '@mayfly/platform'
import { Counter, Registry } from 'prom-client'

describe('startMetricsServer', () => {
  it('metrics, health and readiness → as Prometheus and a load balancer expect them', async () => {
    const registry = new Registry()
    new Counter({ name: 'mayfly_test_total', help: 'A test', registers: [registry] }).inc(2)
    let ready = false
    const server = await startMetricsServer({
      registry,
      listen: { host: '127.0.0.1', port: 0 },
      isReady: () => ready,
    })
    const base = `http://127.0.0.1:${server.address.port}`
    try {
      const metrics = await fetch(`${base}/metrics`)
      assert.match(metrics.headers.get('content-type') ?? '', /text\/plain/)
      assert.match(await metrics.text(), /^mayfly_test_total 2$/m)
      assert.equal((await fetch(`${base}/healthz`)).status, 200)
      assert.equal((await fetch(`${base}/readyz`)).status, 503)
      ready = true
      assert.equal((await fetch(`${base}/readyz`)).status, 200)
      assert.equal((await fetch(`${base}/other`)).status, 404)
      assert.equal((await fetch(`${base}/metrics`, { method: 'POST' })).status, 404)
    } finally {
      await server.close()
    }
  })

  it('the port is taken → config-invalid with the address', async () => {
    const options = { registry: new Registry(), isReady: () => true }
    const first = await startMetricsServer({ ...options, listen: { host: '127.0.0.1', port: 0 } })
    try {
      await assert.rejects(
        startMetricsServer({ ...options, listen: first.address }),
        (error) => isMayflyError(error, 'config-invalid') && error.message.includes(`${first.address.port}`),
      )
    } finally {
      await first.close()
    }
  })
})
