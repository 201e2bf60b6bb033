import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmod, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { encodeTrustBundlePem, generateKeyPair, isMayflyError } from '@mayfly/ca-core'
import { leafOf } from '../../packages/agent/src/formats/leaf.ts'
import type { ProbeEndpoint } from '../../packages/agent/src/probing/endpoint.ts'
import type { ReloadConfiguration } from '../../packages/agent/src/servers/reload-configuration.ts'
import { callThrough } from '../support/load/call-through.ts'
import { openSession } from '../support/load/client-session.ts'
import { createTestHost, type TestHost } from '../support/rotation.ts'
import { servedSerial } from '../support/served-serial.ts'
import {
  createCluster,
  type Postgresql,
  postgresqlUser,
  type ServerUser,
  startPostgresql,
} from '../support/servers/postgresql.ts'
import { until } from '../support/servers/started-server.ts'
import { testsWith } from '../support/tests-with.ts'

const { after, before, test } = testsWith('postgresql')

const run = promisify(execFile)
const serverName = 'web-1.example'

let host: TestHost
let user: ServerUser
let data: string
let postgresql: Postgresql
let endpoint: ProbeEndpoint
let reload: ReloadConfiguration
/** How libpq's programs connect: over TLS, with the bundle and the name checked. */
let connection: Record<string, string>

before(async () => {
  user = await postgresqlUser()
  host = await createTestHost({ access: { mode: 0o600, ...user } })
  await host.install(await host.issue())
  data = await createCluster(host.folder, host.liveFolder, user)
  postgresql = await startPostgresql(data, user)
  endpoint = { connect: { host: '127.0.0.1', port: postgresql.port }, serverName, protocol: 'postgresql' }
  reload = { preset: 'postgresql', pidFile: postgresql.pidFile }
  const bundle = `${host.folder}/bundle.pem`
  await writeFile(bundle, encodeTrustBundlePem(host.issuer.bundle))
  connection = {
    PGHOST: serverName,
    PGHOSTADDR: '127.0.0.1',
    PGPORT: String(postgresql.port),
    PGUSER: postgresql.user,
    PGDATABASE: 'postgres',
    PGSSLMODE: 'verify-full',
    PGSSLROOTCERT: bundle,
    PGCONNECT_TIMEOUT: '20',
  }
})

after(async () => {
  await postgresql?.stop()
  await host?.remove()
})

/** Transactions of two callers, each on a connection of its own. */
async function callFresh(): Promise<void> {
  const script = `${host.folder}/select.sql`
  await writeFile(script, 'SELECT 1;\n')
  const env = { PATH: process.env.PATH, ...connection }
  const { stdout } = await run('pgbench', ['-n', '-C', '-c', '2', '-t', '5', '-f', script], { env })
  assert.match(stdout, /number of transactions actually processed: 10\/10/)
  assert.match(stdout, /number of failed transactions: 0 /)
}

/** How many statements wait for the lock. */
const waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"

test('PostgreSQL: ten rotations with fresh connections, a kept session and a running statement → nothing fails', async () => {
  const [session, holder] = [
    openSession(['psql', '-XAtq'], connection),
    openSession(['psql', '-XAtq'], connection),
  ]
  const backend = await session.ask('SELECT pg_backend_pid()')
  for (let rotation = 0; rotation < 10; rotation++) {
    // A statement that runs until the lock is free, which is after the rotation.
    await holder.ask('SELECT pg_advisory_lock(7)')
    const running = session.ask("SELECT 'done' FROM pg_advisory_lock(7)")
    await until(async () => (await holder.ask(waiting)) === '1', 'the statement')
    const rotated = host.rotate(reload, [endpoint])
    const calls = callThrough(rotated, callFresh)
    await rotated
    await holder.ask('SELECT pg_advisory_unlock(7)')
    assert.equal(await running, 'done')
    await session.ask('SELECT pg_advisory_unlock(7)')
    assert.equal(await session.ask('SELECT pg_backend_pid()'), backend)
    await calls
  }
  await session.close()
  await holder.close()
})

test('PostgreSQL: a mismatched pair → it keeps the old one without a word, and the probe tells', async () => {
  const { serial } = await host.rotate(reload, [endpoint])
  const material = await host.issue()
  const bad = await host.install({ ...material, keyPair: await generateKeyPair('ec-p256') })
  await host.control(reload).reload(bad)
  const verdict = await host.probe([endpoint], material, 500)
  assert.equal(verdict.outcome, 'not-served')
  assert.equal(await servedSerial(endpoint, host.issuer.bundle), serial)
  await host.rotate(reload, [endpoint])
})

test('PostgreSQL: a key that its group may read → refused before the reload, with what to set', async () => {
  const context = await host.install(await host.issue())
  const server = host.control(reload)
  await server.check(context)
  await chmod(`${context.generationFolder}/key.pem`, 0o640)
  await assert.rejects(server.check(context), (error) => {
    assert.ok(isMayflyError(error, 'check-failed'))
    assert.match(error.message, /its mode may be 0600 at most; set mode in the configuration/)
    return true
  })
})

test('PostgreSQL: down → told, and the next start reads the new files', async () => {
  const material = await host.issue()
  const context = await host.install(material)
  await host.control(reload).ready(context)
  await postgresql.stop()
  await assert.rejects(host.control(reload).ready(context), (error) => {
    assert.ok(isMayflyError(error, 'reload-failed'))
    assert.equal(error.details.because, 'server-down')
    return true
  })
  postgresql = await startPostgresql(data, user, postgresql.port)
  assert.equal(await servedSerial(endpoint, host.issuer.bundle), leafOf(material).serial)
})
