import assert from 'node:assert/strict'
import { appendFile, readFile } from 'node:fs/promises'
import { generateKeyPair, isMayflyError } from '@mayfly/ca-core'
import { leafOf } from '../../packages/agent/src/formats/leaf.ts'
import type { ProbeEndpoint } from '../../packages/agent/src/probing/endpoint.ts'
import type { ReloadConfiguration } from '../../packages/agent/src/servers/reload-configuration.ts'
import { rotateUnderLoad } from '../support/load/rotate-under-load.ts'
import { createTestHost, type TestHost } from '../support/rotation.ts'
import { servedSerial } from '../support/served-serial.ts'
import { type Haproxy, startHaproxy } from '../support/servers/haproxy.ts'
import { type PlainBackend, startPlainBackend } from '../support/servers/plain-backend.ts'
import { testsWith } from '../support/tests-with.ts'

const { after, before, test } = testsWith('haproxy')

let host: TestHost
let backend: PlainBackend
let haproxy: Haproxy
let endpoint: ProbeEndpoint
let reload: ReloadConfiguration

before(async () => {
  host = await createTestHost({ formats: ['combined'] })
  await host.install(await host.issue())
  backend = await startPlainBackend()
  haproxy = await startHaproxy({ ...host, backendPort: backend.port })
  endpoint = { connect: { host: '127.0.0.1', port: haproxy.port }, serverName: 'web-1.example' }
  reload = { preset: 'haproxy', socket: haproxy.socket, configuration: haproxy.configuration }
})

after(async () => {
  await haproxy?.stop()
  await backend?.stop()
  await host?.remove()
})

test('HAProxy: ten rotations under load → nothing fails, kept connections live on, every serial seen', async () => {
  const counts = await rotateUnderLoad({ host, reload, endpoint, backend })
  assert.equal(counts.repeatedAfterIdleClose, 0)
})

test('HAProxy: its certificate is known by its path → ready; another path → says which there are', async () => {
  const context = await host.install(await host.issue())
  await host.control(reload).ready(context)
  const other = host.control({ preset: 'haproxy', socket: haproxy.socket, certificate: '/srv/other.pem' })
  await assert.rejects(other.ready(context), (error) => {
    assert.ok(isMayflyError(error, 'reload-failed'))
    assert.match(
      error.message,
      /uses no certificate \/srv\/other\.pem\. Set certificate to the path after crt: .*combined\.pem/,
    )
    return true
  })
})

test('HAProxy: a socket without the level admin, or a mistake in the configuration → says what to set', async () => {
  const other = await createTestHost({ formats: ['combined'] })
  const context = await other.install(await other.issue())
  const plain = await startHaproxy({ ...other, level: 'operator' })
  try {
    const { socket, configuration } = plain
    const server = other.control({ preset: 'haproxy', socket, configuration })
    await assert.rejects(
      server.ready(context),
      /has the level operator\. Set its stats socket .* level admin/,
    )
    await appendFile(configuration, 'nonsense\n')
    await assert.rejects(server.check(context), /unknown keyword 'nonsense'/)
  } finally {
    await plain.stop()
    await other.remove()
  }
})

test('HAProxy: a mismatched pair → refused, the old one stays, and the next rotation works', async () => {
  const { serial } = await host.rotate(reload, [endpoint])
  const server = host.control(reload)
  const bad = await host.install({ ...(await host.issue()), keyPair: await generateKeyPair('ec-p256') })
  await assert.rejects(server.check(bad), (error) => isMayflyError(error, 'check-failed'))
  await assert.rejects(server.reload(bad), (error) => {
    assert.ok(isMayflyError(error, 'reload-failed'))
    assert.match(error.message, /HAProxy refuses to (set|commit) .*It keeps the old one\.$/)
    return true
  })
  assert.equal(await servedSerial(endpoint, host.issuer.bundle), serial)
  await host.rotate(reload, [endpoint])
})

test('HAProxy: no combined file → says which format to add', async () => {
  const plain = await createTestHost()
  const context = await plain.install(await plain.issue())
  await assert.rejects(host.control(reload).reload(context), /add combined to the formats/)
  await plain.remove()
})

test('HAProxy: down → told, and the next start reads the new file', async () => {
  const material = await host.issue()
  const context = await host.install(material)
  await haproxy.stop()
  await assert.rejects(host.control(reload).ready(context), (error) => {
    assert.ok(isMayflyError(error, 'reload-failed'))
    assert.equal(error.details.because, 'server-down')
    return true
  })
  haproxy = await startHaproxy({ ...host, port: haproxy.port })
  assert.equal(await servedSerial(endpoint, host.issuer.bundle), leafOf(material).serial)
  assert.match(await readFile(`${context.liveFolder}/combined.pem`, 'utf8'), /PRIVATE KEY/)
})
