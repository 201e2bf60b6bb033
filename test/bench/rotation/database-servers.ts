import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { encodeTrustBundlePem } from '@mayfly/ca-core'
import { openSession } from '../../support/load/client-session.ts'
import type { TestHost } from '../../support/rotation.ts'
import { createDatabase, mariadbUser, startMariadb } from '../../support/servers/mariadb.ts'
import { createCluster, postgresqlUser, startPostgresql } from '../../support/servers/postgresql.ts'
import { startRedis } from '../../support/servers/redis.ts'
import { startClientCalls, startLoadCalls } from './calls.ts'
import { type RotatedServer, serverName } from './rotated-server.ts'

const run = promisify(execFile)

const postgresql: RotatedServer = {
  name: 'postgresql',
  hostOptions: async () => ({ access: { mode: 0o600, ...(await postgresqlUser()) } }),
  async start(host) {
    const user = await postgresqlUser()
    const server = await startPostgresql(await createCluster(host.folder, host.liveFolder, user), user)
    const script = `${host.folder}/select.sql`
    await writeFile(script, 'SELECT 1;\n')
    const connection = {
      PGHOST: serverName,
      PGHOSTADDR: '127.0.0.1',
      PGPORT: String(server.port),
      PGUSER: server.user,
      PGDATABASE: 'postgres',
      PGSSLMODE: 'verify-full',
      PGSSLROOTCERT: await writeBundle(host),
    }
    const transactions = 10
    const options = ['-n', '-C', '-c', '1', '-t', String(transactions), '-f', script]
    return {
      reload: { preset: 'postgresql', pidFile: server.pidFile },
      endpoint: { connect: { host: '127.0.0.1', port: server.port }, serverName, protocol: 'postgresql' },
      startCalls: () =>
        startClientCalls({
          call: () => run('pgbench', options, { env: { PATH: process.env.PATH, ...connection } }),
          requests: transactions,
          openSession: () => openSession(['psql', '-XAtq'], connection),
        }),
      stop: server.stop,
    }
  },
}

const mariadb: RotatedServer = {
  name: 'mariadb',
  // Its client compares the certificate with the host that it connects to.
  hostOptions: async () => ({
    access: { mode: 0o600, ...(await mariadbUser()) },
    order: { names: ['dns:localhost', 'ip:127.0.0.1'] },
  }),
  async start(host) {
    const as = await mariadbUser()
    const server = await startMariadb({
      data: await createDatabase(host.folder, as),
      liveFolder: host.liveFolder,
      as,
    })
    const defaultsFile = `${host.folder}/client.cnf`
    await writeFile(defaultsFile, '[client]\nuser=root\n')
    const options = [
      `--defaults-file=${defaultsFile}`,
      '--host=localhost',
      '--protocol=TCP',
      `--port=${server.port}`,
      `--ssl-ca=${await writeBundle(host)}`,
      '--ssl-verify-server-cert',
    ]
    const kept = ['--batch', '--skip-column-names', '--unbuffered']
    return {
      reload: { preset: 'mariadb', defaultsFile, socket: server.socket },
      endpoint: {
        connect: { host: '127.0.0.1', port: server.port },
        serverName: 'localhost',
        protocol: 'mysql',
      },
      startCalls: () =>
        startClientCalls({
          call: () => run('mariadb', [...options, '--execute=SELECT 1']),
          requests: 1,
          openSession: () => openSession(['mariadb', ...options, ...kept]),
        }),
      stop: server.stop,
    }
  },
}

const redis: RotatedServer = {
  name: 'redis',
  hostOptions: async () => ({ order: { profile: 'peer' } }),
  async start(host) {
    const server = await startRedis(host)
    const ca = encodeTrustBundlePem(host.issuer.bundle)
    return {
      reload: { preset: 'redis', socket: server.socket },
      endpoint: { connect: { host: '127.0.0.1', port: server.port }, serverName },
      startCalls: () => startLoadCalls({ kind: 'redis', options: { port: server.port, serverName, ca } }),
      stop: server.stop,
    }
  },
}

export const databaseServers: readonly RotatedServer[] = [postgresql, redis, mariadb]

/** Where clients find the roots. */
async function writeBundle(host: TestHost): Promise<string> {
  const path = `${host.folder}/bundle.pem`
  await writeFile(path, encodeTrustBundlePem(host.issuer.bundle))
  return path
}
