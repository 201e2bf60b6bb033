import assert from 'node:assert/strict'
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { generateKeyPair, isMayflyError } from '@mayfly/ca-core'
import { leafOf } from '../../packages/agent/src/formats/leaf.ts'
import type { ProbeEndpoint } from '../../packages/agent/src/probing/endpoint.ts'
import type { ReloadConfiguration } from '../../packages/agent/src/servers/reload-configuration.ts'
import type { ReloadContext, ServerControl } from '../../packages/agent/src/servers/server-control.ts'
import { rotateUnderLoad } from '../support/load/rotate-under-load.ts'
import { createTestHost, type TestHost } from '../support/rotation.ts'
import { servedSerial } from '../support/served-serial.ts'
import { type Apache, startApache } from '../support/servers/apache.ts'
import { type PlainBackend, startPlainBackend } from '../support/servers/plain-backend.ts'
import { testsWith } from '../support/tests-with.ts'

const { after, before, test } = testsWith('apache2-bin')

let host: TestHost
let backend: PlainBackend
let apache: Apache
let endpoint: ProbeEndpoint
let reload: ReloadConfiguration
let other: { certificate: string; key: string }

before(async () => {
  host = await createTestHost()
  const first = await host.install(await host.issue())
  other = { certificate: `${host.folder}/other.pem`, key: `${host.folder}/other.key` }
  await copyFile(`${first.generationFolder}/fullchain.pem`, other.certificate)
  await copyFile(`${first.generationFolder}/key.pem`, other.key)
  backend = await startPlainBackend()
  // Below the server root, as Apache's own documentation has it.
  const named = { certificate: basename(other.certificate), key: other.key }
  apache = await startApache({ ...host, other: named, backendPort: backend.port })
  endpoint = { connect: { host: '127.0.0.1', port: apache.port }, serverName: 'web-1.example' }
  reload = {
    preset: 'apache',
    program: '/usr/sbin/apache2',
    pidFile: apache.pidFile,
    configuration: apache.configuration,
  }
})

after(async () => {
  await apache?.stop()
  await backend?.stop()
  await host?.remove()
})

async function refusedBoth(server: ServerControl, context: ReloadContext, message: RegExp): Promise<void> {
  await assert.rejects(server.check(context), (error) => isMayflyError(error, 'check-failed'))
  await assert.rejects(server.reload(context), (error) => {
    assert.ok(isMayflyError(error, 'reload-failed'), String(error))
    assert.match(error.message, message)
    return true
  })
}

test('Apache: ten rotations under load → no failed handshake, no failed request, every serial seen', async () => {
  await rotateUnderLoad({ host, reload, endpoint, backend })
})

test('Apache: a mismatched pair, which its own test passes → never reloaded, and it goes on serving the old one', async () => {
  const { serial } = await host.rotate(reload, [endpoint])
  const bad = await host.install({ ...(await host.issue()), keyPair: await generateKeyPair('ec-p256') })
  await refusedBoth(
    host.control(reload),
    bad,
    /it is not the key of .*fullchain\.pem\. Apache would accept this/,
  )
  assert.equal(await servedSerial(endpoint, host.issuer.bundle), serial)
  await host.rotate(reload, [endpoint])
})

test('Apache: another virtual host’s pair does not match → never reloaded, and the message names that file', async () => {
  const { serial, material } = await host.rotate(reload, [endpoint])
  const context = await host.install(material)
  await copyFile(`${context.generationFolder}/key.pem`, other.key)
  await refusedBoth(host.control(reload), context, /other\.key: it is not the key of .*other\.pem/)
  assert.equal(await servedSerial(endpoint, host.issuer.bundle), serial)
  await copyFile(`${context.generationFolder}/fullchain.pem`, other.certificate)
  await host.rotate(reload, [endpoint])
})

test('Apache: a mistake in its configuration → its own words, and no reload', async () => {
  const { serial, material } = await host.rotate(reload, [endpoint])
  const context = await host.install(material)
  const broken = host.control({
    ...reload,
    configuration: `${host.folder}/nowhere.conf`,
  } as ReloadConfiguration)
  await refusedBoth(broken, context, /nowhere\.conf/)
  assert.equal(await servedSerial(endpoint, host.issuer.bundle), serial)
})

test('Apache: a file of roots that is not there, which its test passes with dumps → never reloaded', async () => {
  const { serial, material } = await host.rotate(reload, [endpoint])
  const context = await host.install(material)
  const text = await readFile(apache.configuration, 'utf8')
  await writeFile(apache.configuration, `${text}\nSSLCACertificateFile ${host.folder}/no-roots.pem\n`)
  await refusedBoth(host.control(reload), context, /no-roots\.pem/)
  assert.equal(await servedSerial(endpoint, host.issuer.bundle), serial)
  await writeFile(apache.configuration, text)
})

test('Apache: down → told, and the next start reads the new files', async () => {
  const material = await host.issue()
  const context = await host.install(material)
  await apache.stop()
  await assert.rejects(host.control(reload).ready(context), (error) => {
    assert.ok(isMayflyError(error, 'reload-failed'))
    assert.equal(error.details.because, 'server-down')
    return true
  })
  apache = await startApache({ ...host, other, port: apache.port })
  assert.equal(await servedSerial(endpoint, host.issuer.bundle), leafOf(material).serial)
})
