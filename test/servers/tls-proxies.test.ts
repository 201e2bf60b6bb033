import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { encodeTrustBundlePem, generateKeyPair, isMayflyError } from '@mayfly/ca-core'
import type { ProbeEndpoint } from '../../packages/agent/src/probing/endpoint.ts'
import type { ReloadConfiguration } from '../../packages/agent/src/servers/reload-configuration.ts'
import { rotateUnderLoad } from '../support/load/rotate-under-load.ts'
import { createTestHost, type TestHost } from '../support/rotation.ts'
import { servedSerial } from '../support/served-serial.ts'
import { startHitch } from '../support/servers/hitch.ts'
import { heldAnswer, type PlainBackend, startPlainBackend } from '../support/servers/plain-backend.ts'
import { beginRequest } from '../support/servers/running-request.ts'
import { startStunnel } from '../support/servers/stunnel.ts'
import { testsWith } from '../support/tests-with.ts'

const { test } = testsWith('stunnel4', 'hitch')

interface Proxy {
  readonly host: TestHost
  readonly endpoint: ProbeEndpoint
  readonly reload: ReloadConfiguration
  readonly backend: PlainBackend
  /** Ends the proxy alone. */
  stop(): Promise<void>
}

/** What a reload does to kept connections that wait for the next request. */
const proxies = {
  stunnel: { start: stunnel, idle: 'kept', endsRunning: false },
  Hitch: { start: hitch, idle: 'closed', endsRunning: true },
} as const

for (const [name, { start, idle, endsRunning }] of Object.entries(proxies)) {
  test(`${name}: ten rotations under load → nothing fails but connections that it had not yet taken`, async (context) => {
    const proxy = await start(context)
    const counts = await rotateUnderLoad({ ...proxy, refuses: 'while it reloads', endsRunning })
    if (idle === 'kept') assert.equal(counts.repeatedAfterIdleClose, 0)
  })

  test(`${name}: a mismatched pair → the old one stays, and the next rotation works`, async (context) => {
    const { host, reload, endpoint } = await start(context)
    const { serial } = await host.rotate(reload, [endpoint])
    const material = await host.issue()
    const bad = await host.install({ ...material, keyPair: await generateKeyPair('ec-p256') })
    await host.control(reload).reload(bad)
    const verdict = await host.probe([endpoint], material, 300)
    assert.equal(verdict.outcome, 'not-served')
    assert.equal(await servedSerial(endpoint, host.issuer.bundle), serial)
    await host.rotate(reload, [endpoint])
  })

  test(`${name}: down → told`, async (context) => {
    const { host, reload, stop } = await start(context)
    const generation = await host.install(await host.issue())
    await host.control(reload).ready(generation)
    await stop()
    await assert.rejects(host.control(reload).ready(generation), (error) => {
      assert.ok(isMayflyError(error, 'reload-failed'))
      assert.equal(error.details.because, 'server-down')
      return true
    })
  })
}

test('Hitch: a request that runs across a rotation, with no kept connection beside it → its answer comes whole', async (context) => {
  const { host, backend, endpoint, reload } = await hitch(context)
  const running = await beginRequest(endpoint, { ca: encodeTrustBundlePem(host.issuer.bundle) })
  await host.rotate(reload, [endpoint])
  backend.release()
  assert.equal(await running.body, heldAnswer.beginning + heldAnswer.end)
})

test('Hitch: a mismatched pair → its own test refuses', async (context) => {
  const { host, reload } = await hitch(context)
  const bad = await host.install({ ...(await host.issue()), keyPair: await generateKeyPair('ec-p256') })
  await assert.rejects(host.control(reload).check(bad), (error) => isMayflyError(error, 'check-failed'))
})

async function stunnel(context: TestContext): Promise<Proxy> {
  const { host, backend } = await prepare(context)
  const { port, pidFile, stop } = await startStunnel({ ...host, backendPort: backend.port })
  context.after(stop)
  return { host, backend, endpoint: endpointOf(port), reload: { preset: 'stunnel', pidFile }, stop }
}

async function hitch(context: TestContext): Promise<Proxy> {
  const { host, backend } = await prepare(context)
  const { port, pidFile, configuration, stop } = await startHitch({ ...host, backendPort: backend.port })
  context.after(stop)
  return {
    host,
    backend,
    endpoint: endpointOf(port),
    reload: { preset: 'hitch', pidFile, configuration },
    stop,
  }
}

async function prepare(context: TestContext): Promise<{ host: TestHost; backend: PlainBackend }> {
  const host = await createTestHost({ formats: ['combined'] })
  context.after(host.remove)
  await host.install(await host.issue())
  const backend = await startPlainBackend()
  context.after(backend.stop)
  return { host, backend }
}

function endpointOf(port: number): ProbeEndpoint {
  return { connect: { host: '127.0.0.1', port }, serverName: 'web-1.example' }
}
