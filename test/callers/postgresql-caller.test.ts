import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { appendFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { leafOf } from '../../packages/agent/src/formats/leaf.ts'
import type { ProbeEndpoint } from '../../packages/agent/src/probing/endpoint.ts'
import { openSession } from '../support/load/client-session.ts'
import { withoutPackages } from '../support/missing-programs.ts'
import { createTestHost, type Rotation, type TestHost } from '../support/rotation.ts'
import {
  createCluster,
  type Postgresql,
  postgresqlUser,
  startPostgresql,
} from '../support/servers/postgresql.ts'

const run = promisify(execFile)
const skip = withoutPackages('postgresql')
const rotations = 5
/** A name of the caller's certificate, and so its common name and the role that it may be. */
const role = 'billing'
/** PostgreSQL tells serials in decimal. */
const ownSerial = 'SELECT client_serial FROM pg_stat_ssl WHERE pid = pg_backend_pid()'

let server: TestHost
let caller: TestHost
let postgresql: Postgresql

before(async () => {
  if (skip !== false) return
  const user = await postgresqlUser()
  server = await createTestHost({ access: { mode: 0o600, ...user } })
  await server.install(await server.issue())
  const cluster = await createCluster(server.folder, server.liveFolder, user)
  await appendFile(join(cluster, 'postgresql.conf'), `ssl_ca_file = '${server.liveFolder}/bundle.pem'\n`)
  await writeFile(
    join(cluster, 'pg_hba.conf'),
    `hostssl all postgres 127.0.0.1/32 trust
hostssl all all 127.0.0.1/32 trust clientcert=verify-full
`,
  )
  postgresql = await startPostgresql(cluster, user)
  caller = await createTestHost({
    issuer: server.issuer,
    order: { profile: 'client', names: [`dns:${role}`] },
  })
  await renewCaller()
  await query(`CREATE ROLE ${role} LOGIN`, { PGUSER: postgresql.user })
})

after(async () => {
  await postgresql?.stop()
  await server?.remove()
  await caller?.remove()
})

async function renewCaller(): Promise<string> {
  const material = await caller.issue()
  await caller.install(material)
  return BigInt(`0x${leafOf(material).serial}`).toString()
}

function rotateServer(): Promise<Rotation> {
  const connect = { host: '127.0.0.1', port: postgresql.port }
  const endpoint: ProbeEndpoint = { connect, serverName: 'web-1.example', protocol: 'postgresql' }
  return server.rotate({ preset: 'postgresql', pidFile: postgresql.pidFile }, [endpoint])
}

/** For libpq, which reads the files at every connection. */
function connection(): Record<string, string> {
  return {
    PGHOST: 'web-1.example',
    PGHOSTADDR: '127.0.0.1',
    PGPORT: String(postgresql.port),
    PGUSER: role,
    PGDATABASE: 'postgres',
    PGSSLMODE: 'verify-full',
    PGSSLROOTCERT: join(caller.liveFolder, 'bundle.pem'),
    PGSSLCERT: join(caller.liveFolder, 'fullchain.pem'),
    PGSSLKEY: join(caller.liveFolder, 'key.pem'),
  }
}

async function query(sql: string, other: Record<string, string> = {}): Promise<string> {
  const env = { PATH: process.env.PATH, ...connection(), ...other }
  const { stdout } = await run('psql', ['-XAtqc', sql], { env })
  return stdout.trim()
}

test('psql: both sides rotate → each connection shows the newest certificate, and a kept session lives on', {
  skip,
}, async () => {
  const session = openSession(['psql', '-XAtq'], connection())
  const backend = await session.ask('SELECT pg_backend_pid()')
  for (let rotation = 0; rotation < rotations; rotation++) {
    const serial = await renewCaller()
    const rotated = rotateServer()
    assert.equal(await query(ownSerial), serial)
    await rotated
    assert.equal(await query(ownSerial), serial)
    assert.equal(await session.ask('SELECT pg_backend_pid()'), backend)
  }
  await session.close()
})

test('psql: no certificate, another role’s, or the system’s roots → refused', { skip }, async () => {
  const none = join(caller.folder, 'none.pem')
  await assert.rejects(query('SELECT 1', { PGSSLCERT: none, PGSSLKEY: none }), /valid client certificate/)
  await query('CREATE ROLE reporting LOGIN', { PGUSER: postgresql.user })
  await assert.rejects(
    query('SELECT 1', { PGUSER: 'reporting' }),
    /authentication failed for user "reporting"/,
  )
  const systemRoots = '/etc/ssl/certs/ca-certificates.crt'
  await assert.rejects(query('SELECT 1', { PGSSLROOTCERT: systemRoots }), /certificate/)
})
