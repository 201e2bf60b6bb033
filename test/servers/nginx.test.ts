import assert from 'node:assert/strict'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { generateKeyPair, isMayflyError } from '@mayfly/ca-core'
import { leafOf } from '../../packages/agent/src/formats/leaf.ts'
import type { ProbeEndpoint } from '../../packages/agent/src/probing/endpoint.ts'
import { lookAtPorts } from '../../packages/agent/src/probing/look-at-ports.ts'
import type { ReloadConfiguration } from '../../packages/agent/src/servers/reload-configuration.ts'
import { rotateUnderLoad } from '../support/load/rotate-under-load.ts'
import { createTestHost, type TestHost } from '../support/rotation.ts'
import { servedSerial } from '../support/served-serial.ts'
import { type Nginx, startNginx } from '../support/servers/nginx.ts'
import { type PlainBackend, startPlainBackend } from '../support/servers/plain-backend.ts'
import { testsWith } from '../support/tests-with.ts'

const { after, before, test } = testsWith('nginx')

const serverName = 'web-1.example'

let host: TestHost
let backend: PlainBackend
let nginx: Nginx
let endpoint: ProbeEndpoint
let reload: ReloadConfiguration

before(async () => {
  host = await createTestHost()
  await host.install(await host.issue())
  backend = await startPlainBackend()
  nginx = await startNginx({ ...host, backendPort: backend.port })
  endpoint = { connect: { host: '127.0.0.1', port: nginx.port }, serverName }
  reload = {
    preset: 'nginx',
    pidFile: nginx.pidFile,
    configuration: nginx.configuration,
    prefix: nginx.prefix,
  }
})

after(async () => {
  await nginx?.stop()
  await backend?.stop()
  await host?.remove()
})

test('nginx: ten rotations under load → no failed handshake, no failed request, every serial seen', async () => {
  await rotateUnderLoad({ host, reload, endpoint, backend })
})

test('nginx: a mismatched pair → its own test refuses, and the old one is still served after a reload', async () => {
  const { serial } = await host.rotate(reload, [endpoint])
  const server = host.control(reload)
  const bad = await host.install({ ...(await host.issue()), keyPair: await generateKeyPair('ec-p256') })
  await assert.rejects(server.check(bad), (error) => {
    assert.ok(isMayflyError(error, 'check-failed'))
    assert.match(error.message, /^nginx -t -q -c .* exited with 1: .*key values mismatch/s)
    return true
  })
  await server.reload(bad)
  assert.equal(await servedSerial(endpoint, host.issuer.bundle), serial)
  await host.rotate(reload, [endpoint])
})

test('nginx: the reload reports success and the old certificate stays → the probe tells, and a real reload mends it', async () => {
  const { serial } = await host.rotate(reload, [endpoint])
  const material = await host.issue()
  const context = await host.install(material)
  await host.control({ preset: 'command', command: ['true'] }).reload(context)
  const verdict = await host.probe([endpoint], material, 500)
  assert.equal(verdict.outcome, 'not-served')
  if (verdict.outcome !== 'not-served') return
  assert.deepEqual(
    verdict.problems.map(({ because }) => because),
    ['other-serial'],
  )
  assert.match(
    verdict.message,
    new RegExp(`still serves ${serial} and not ${leafOf(material).serial}; see its log`),
  )
  await host.control(reload).reload(context)
  assert.equal((await host.probe([endpoint], material)).outcome, 'served')
})

test('nginx: two endpoints, one of which does not answer → not served, and the message names it', async () => {
  const { material } = await host.rotate(reload, [endpoint])
  const deaf = { connect: { host: '127.0.0.1', port: 1 }, serverName }
  const verdict = await host.probe([endpoint, deaf], material, 500)
  assert.equal(verdict.outcome, 'not-served')
  if (verdict.outcome !== 'not-served') return
  assert.match(verdict.message, /^127\.0\.0\.1:1: nothing listens there; start the server/)
})

test('nginx: cert.pem served in place of fullchain.pem → served, with a warning that says so', async () => {
  const material = await host.issue()
  const context = await host.install({ ...material, chain: material.chain.slice(0, 1) })
  await host.control(reload).reload(context)
  const verdict = await host.probe([endpoint], material)
  assert.equal(verdict.outcome, 'served')
  if (verdict.outcome !== 'served') return
  assert.match(verdict.warnings.join(), /clients will refuse it: .*fullchain\.pem/)
})

test('nginx: down → told before anything is done, and it starts with the new files', async () => {
  const server = host.control(reload)
  const material = await host.issue()
  const context = await host.install(material)
  await server.ready(context)
  await nginx.stop()
  await assert.rejects(server.ready(context), (error) => {
    assert.ok(isMayflyError(error, 'reload-failed'))
    assert.equal(error.details.because, 'server-down')
    assert.match(error.message, /Start the server/)
    return true
  })
  await assert.rejects(server.reload(context), (error) => isMayflyError(error, 'reload-failed'))
  nginx = await startNginx({ ...host, port: nginx.port })
  await server.ready(context)
  assert.equal(await servedSerial(endpoint, host.issuer.bundle), leafOf(material).serial)
})

test('nginx: stopped, and started on an older certificate, between rotations → a look tells the one from the other', async () => {
  const { material } = await host.rotate(reload, [endpoint])
  const looking = { ...material, endpoints: [endpoint], expectedSerial: leafOf(material).serial }
  const look = () =>
    lookAtPorts({ ...looking, clientMaterial: material, clock: { sleep: async () => undefined } })
  assert.deepEqual(await look(), { is: 'served' })
  const older = join(host.folder, 'older')
  await cp(host.liveFolder, older, { recursive: true, dereference: true })
  const newer = await host.rotate(reload, [endpoint])
  Object.assign(looking, newer.material, { expectedSerial: leafOf(newer.material).serial })
  await nginx.stop()
  assert.equal((await look()).is, 'down')
  nginx = await startNginx({ ...host, liveFolder: older, port: nginx.port })
  const sight = await look()
  assert.equal(sight.is, 'other')
  assert.match(
    sight.is === 'other' ? sight.message : '',
    new RegExp(`serves ${leafOf(material).serial}, .* not ${newer.serial}, as it did`),
  )
  await nginx.stop()
  nginx = await startNginx({ ...host, port: nginx.port })
  assert.deepEqual(await look(), { is: 'served' })
})

test('nginx: a caller’s certificate is required → the probe shows one, and sees the serial without one too', async () => {
  await nginx.stop()
  nginx = await startNginx({ ...host, port: nginx.port, mutual: true })
  const material = await host.issue({ profile: 'peer' })
  const context = await host.install(material)
  await host.control(reload).reload(context)
  assert.equal((await host.probe([endpoint], material)).outcome, 'served')
  assert.equal(await servedSerial(endpoint, host.issuer.bundle), leafOf(material).serial)
})
