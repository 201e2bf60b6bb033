import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { encodeTrustBundlePem, generateKeyPair, isMayflyError } from '@mayfly/ca-core'
import { leafOf } from '../../packages/agent/src/formats/leaf.ts'
import type { ProbeEndpoint } from '../../packages/agent/src/probing/endpoint.ts'
import type { ReloadConfiguration } from '../../packages/agent/src/servers/reload-configuration.ts'
import { callThrough } from '../support/load/call-through.ts'
import { openSession } from '../support/load/client-session.ts'
import { createTestHost, type TestHost } from '../support/rotation.ts'
import { servedSerial } from '../support/served-serial.ts'
import { createDatabase, type Mariadb, mariadbUser, startMariadb } from '../support/servers/mariadb.ts'
import { until } from '../support/servers/started-server.ts'
import { testsWith } from '../support/tests-with.ts'

const { after, before, test } = testsWith('mariadb-server-core', 'mariadb-client-core')

const run = promisify(execFile)
/** MariaDB's client compares the certificate with the host that it connects to. */
const serverName = 'localhost'

let host: TestHost
let user: { uid: number; gid: number }
let data: string
let mariadb: Mariadb
let endpoint: ProbeEndpoint
let reload: ReloadConfiguration
let client: [string, ...string[]]

before(async () => {
  user = await mariadbUser()
  host = await createTestHost({
    access: { mode: 0o600, ...user },
    order: { names: ['dns:localhost', 'ip:127.0.0.1'] },
  })
  await host.install(await host.issue())
  data = await createDatabase(host.folder, user)
  mariadb = await startMariadb({ data, liveFolder: host.liveFolder, as: user })
  endpoint = { connect: { host: '127.0.0.1', port: mariadb.port }, serverName, protocol: 'mysql' }
  // The client reads no files of the machine.
  const defaultsFile = `${host.folder}/client.cnf`
  await writeFile(defaultsFile, '[client]\nuser=root\n')
  reload = { preset: 'mariadb', defaultsFile, socket: mariadb.socket }
  const bundle = `${host.folder}/bundle.pem`
  await writeFile(bundle, encodeTrustBundlePem(host.issuer.bundle))
  client = [
    'mariadb',
    `--defaults-file=${defaultsFile}`,
    '--host=localhost',
    '--protocol=TCP',
    `--port=${mariadb.port}`,
    `--ssl-ca=${bundle}`,
    '--ssl-verify-server-cert',
    '--batch',
    '--skip-column-names',
    '--unbuffered',
  ]
})

after(async () => {
  await mariadb?.stop()
  await host?.remove()
})

/** A statement on a connection of its own, over TLS with the bundle and the name checked. */
async function callFresh(): Promise<void> {
  const [program, ...options] = client
  const { stdout } = await run(program, [...options, "--execute=SHOW STATUS LIKE 'Ssl_version'"])
  assert.match(stdout, /TLSv1\.[23]/)
}

/** How many statements wait for the lock. */
const waiting = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE STATE = 'User lock'"

test('MariaDB: ten rotations with fresh connections, a kept session and a running statement → nothing fails', async () => {
  const [session, holder] = [openSession(client), openSession(client)]
  const connection = await session.ask('SELECT CONNECTION_ID()')
  for (let rotation = 0; rotation < 10; rotation++) {
    // A statement that runs until the lock is free, which is after the rotation.
    await holder.ask("SELECT GET_LOCK('held', 0)")
    const running = session.ask("SELECT GET_LOCK('held', 60)")
    await until(async () => (await holder.ask(waiting)) === '1', 'the statement')
    const rotated = host.rotate(reload, [endpoint])
    const calls = callThrough(rotated, callFresh)
    await rotated
    await holder.ask("SELECT RELEASE_LOCK('held')")
    assert.equal(await running, '1')
    await session.ask("SELECT RELEASE_LOCK('held')")
    assert.equal(await session.ask('SELECT CONNECTION_ID()'), connection)
    await calls
  }
  await session.close()
  await holder.close()
})

test('MariaDB: a mismatched pair → the statement fails, and the old one stays', async () => {
  const { serial } = await host.rotate(reload, [endpoint])
  const bad = await host.install({ ...(await host.issue()), keyPair: await generateKeyPair('ec-p256') })
  await assert.rejects(host.control(reload).reload(bad), (error) => {
    assert.ok(isMayflyError(error, 'reload-failed'))
    assert.match(error.message, /ERROR \d+ .*SSL/s)
    return true
  })
  assert.equal(await servedSerial(endpoint, host.issuer.bundle), serial)
  await host.rotate(reload, [endpoint])
})

test('MariaDB: down → told, and the next start reads the new files', async () => {
  const material = await host.issue()
  const context = await host.install(material)
  await host.control(reload).ready(context)
  await mariadb.stop()
  await assert.rejects(host.control(reload).ready(context), (error) => {
    assert.ok(isMayflyError(error, 'reload-failed'))
    assert.match(error.message, /Can't connect to (local )?server/)
    return true
  })
  mariadb = await startMariadb({ data, liveFolder: host.liveFolder, as: user, port: mariadb.port })
  assert.equal(await servedSerial(endpoint, host.issuer.bundle), leafOf(material).serial)
})
