import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { encodeTrustBundlePem, generateKeyPair, isMayflyError } from '@mayfly/ca-core'
import { leafOf } from '../../packages/agent/src/formats/leaf.ts'
import type { ProbeEndpoint } from '../../packages/agent/src/probing/endpoint.ts'
import type { ReloadConfiguration } from '../../packages/agent/src/servers/reload-configuration.ts'
import { startRedisLoad } from '../support/load/redis-load.ts'
import { createTestHost, type TestHost } from '../support/rotation.ts'
import { servedSerial } from '../support/served-serial.ts'
import { type Redis, startRedis } from '../support/servers/redis.ts'
import { until } from '../support/servers/started-server.ts'
import { testsWith } from '../support/tests-with.ts'

const { after, before, test } = testsWith('redis-server')

const run = promisify(execFile)
const serverName = 'web-1.example'

let host: TestHost
let redis: Redis
let endpoint: ProbeEndpoint
let reload: ReloadConfiguration

before(async () => {
  host = await createTestHost({ order: { profile: 'peer' } })
  await host.install(await host.issue())
  redis = await startRedis(host)
  endpoint = { connect: { host: '127.0.0.1', port: redis.port }, serverName }
  reload = { preset: 'redis', socket: redis.socket }
})

after(async () => {
  await redis?.stop()
  await host?.remove()
})

test('Redis: ten rotations under load, with a running command → nothing fails, kept connections live on, every serial seen', async () => {
  const load = startRedisLoad({ port: redis.port, serverName, ca: encodeTrustBundlePem(host.issuer.bundle) })
  const ask = async (...words: string[]) => (await run('redis-cli', ['-s', redis.socket, ...words])).stdout
  const roots = `${host.folder}/roots.pem`
  await writeFile(roots, encodeTrustBundlePem(host.issuer.bundle))
  const tls = ['--tls', '--cacert', roots, '--sni', serverName, '-p', String(redis.port)]
  const serials: string[] = []
  for (let rotation = 0; rotation < 10; rotation++) {
    // A command that runs until something is pushed, which is after the rotation.
    const running = run('redis-cli', [...tls, 'BLPOP', 'held', '60'])
    await until(async () => /cmd=blpop/.test(await ask('CLIENT', 'LIST')), 'the command')
    serials.push((await host.rotate(reload, [endpoint])).serial)
    await load.answered(60)
    await ask('RPUSH', 'held', `value-${rotation}`)
    assert.match((await running).stdout, new RegExp(`value-${rotation}`))
  }
  await load.stop()
  assert.deepEqual([...load.errors], [])
  assert.deepEqual(
    serials.filter((serial) => !load.serials.has(serial)),
    [],
  )
})

test('Redis: a mismatched pair → refused in its words, and the old one stays', async () => {
  const { serial } = await host.rotate(reload, [endpoint])
  const server = host.control(reload)
  const bad = await host.install({ ...(await host.issue()), keyPair: await generateKeyPair('ec-p256') })
  await assert.rejects(server.reload(bad), (error) => {
    assert.ok(isMayflyError(error, 'reload-failed'))
    assert.match(error.message, /it answers "ERR CONFIG SET failed .*It keeps the old certificate\.$/)
    return true
  })
  assert.equal(await servedSerial(endpoint, host.issuer.bundle), serial)
  await host.rotate(reload, [endpoint])
})

test('Redis: down → told, and the next start reads the new files', async () => {
  const material = await host.issue()
  const context = await host.install(material)
  await host.control(reload).ready(context)
  await redis.stop()
  await assert.rejects(host.control(reload).ready(context), (error) => {
    assert.ok(isMayflyError(error, 'reload-failed'))
    assert.equal(error.details.because, 'server-down')
    return true
  })
  redis = await startRedis({ ...host, port: redis.port })
  assert.equal(await servedSerial(endpoint, host.issuer.bundle), leafOf(material).serial)
})

test('Redis: a user who may not set the certificate → told before the first rotation', async () => {
  const context = await host.install(await host.issue())
  const passwordFile = `${host.folder}/password`
  await writeFile(passwordFile, 'correct-horse\n', { mode: 0o600 })
  const client = ['-s', redis.socket, 'ACL', 'SETUSER', 'agent', 'on', '>correct-horse']
  const agent = host.control({ preset: 'redis', socket: redis.socket, user: 'agent', passwordFile })
  await run('redis-cli', [...client, '+ping', '+config|get'])
  await assert.rejects(
    agent.ready(context),
    /NOPERM .*to CONFIG SET mayfly-check yes; allow the user CONFIG SET\./,
  )
  await run('redis-cli', [...client, '+config|set'])
  await agent.ready(context)
  await agent.reload(context)
})

test('Redis: over TLS, with a password and with callers’ certificates required → rotates', async () => {
  const password = 'correct-horse'
  const passwordFile = `${host.folder}/password`
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 })
  await redis.stop()
  redis = await startRedis({ ...host, port: redis.port, password, mutual: true })
  const overTls = { preset: 'redis', connect: endpoint.connect, serverName, passwordFile } as const
  await host.rotate(overTls, [endpoint])

  await writeFile(passwordFile, 'wrong\n')
  const context = await host.install(await host.issue())
  await assert.rejects(host.control(overTls).reload(context), (error) => {
    assert.ok(isMayflyError(error, 'reload-failed'))
    assert.match(error.message, /WRONGPASS .* to AUTH; correct user and passwordFile in agent\.yaml\./)
    assert.doesNotMatch(error.message, /wrong\b/)
    return true
  })
  const { passwordFile: _, ...withoutPassword } = overTls
  const noLogin = /NOAUTH .*; set passwordFile \(and user\) in agent\.yaml\./
  await assert.rejects(host.control(withoutPassword).ready(context), noLogin)
})
