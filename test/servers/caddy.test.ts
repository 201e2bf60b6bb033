import assert from 'node:assert/strict'
import { generateKeyPair, isMayflyError } from '@mayfly/ca-core'
import { leafOf } from '../../packages/agent/src/formats/leaf.ts'
import type { ProbeEndpoint } from '../../packages/agent/src/probing/endpoint.ts'
import type { ReloadConfiguration } from '../../packages/agent/src/servers/reload-configuration.ts'
import { rotateUnderLoad } from '../support/load/rotate-under-load.ts'
import { createTestHost, type TestHost } from '../support/rotation.ts'
import { servedSerial } from '../support/served-serial.ts'
import { type Caddy, startCaddy } from '../support/servers/caddy.ts'
import { type PlainBackend, startPlainBackend } from '../support/servers/plain-backend.ts'
import { testsWith } from '../support/tests-with.ts'

const { after, before, test } = testsWith('caddy')

const serverName = 'web-1.example'

let host: TestHost
let backend: PlainBackend
let caddy: Caddy
let endpoint: ProbeEndpoint
let reload: ReloadConfiguration

before(async () => {
  host = await createTestHost()
  await host.install(await host.issue())
  backend = await startPlainBackend()
  await start()
})

after(async () => {
  await caddy?.stop()
  await backend?.stop()
  await host?.remove()
})

async function start(): Promise<void> {
  caddy = await startCaddy({ ...host, serverName, backendPort: backend.port })
  endpoint = { connect: { host: '127.0.0.1', port: caddy.port }, serverName }
  const admin = { host: '127.0.0.1', port: caddy.adminPort }
  reload = { preset: 'caddy', configuration: caddy.configuration, admin }
}

test('Caddy: ten rotations under load → nothing fails but connections that it had not yet taken, every serial seen', async () => {
  await rotateUnderLoad({ host, reload, endpoint, backend, refuses: 'while it reloads' })
})

test('Caddy: a mismatched pair → its own test refuses, a reload fails, and the old one stays', async () => {
  const { serial } = await host.rotate(reload, [endpoint])
  const server = host.control(reload)
  const bad = await host.install({ ...(await host.issue()), keyPair: await generateKeyPair('ec-p256') })
  await assert.rejects(server.check(bad), (error) => {
    assert.ok(isMayflyError(error, 'check-failed'))
    assert.match(error.message, /private key does not match public key/)
    return true
  })
  await assert.rejects(server.reload(bad), (error) => isMayflyError(error, 'reload-failed'))
  assert.equal(await servedSerial(endpoint, host.issuer.bundle), serial)
  await host.rotate(reload, [endpoint])
})

test('Caddy: down → told, and the next start reads the new files', async () => {
  const material = await host.issue()
  const context = await host.install(material)
  await caddy.stop()
  await assert.rejects(host.control(reload).reload(context), (error) => {
    assert.ok(isMayflyError(error, 'reload-failed'))
    assert.match(error.message, /connection refused/)
    return true
  })
  await start()
  assert.equal(await servedSerial(endpoint, host.issuer.bundle), leafOf(material).serial)
})
