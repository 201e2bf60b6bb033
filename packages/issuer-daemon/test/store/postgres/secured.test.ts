import assert from 'node:assert/strict'
import { chmod, chown, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { encodePrivateKey, isMayflyError } from '@mayfly/ca-core'
import { nodeFileSystem, systemClock, systemRandom } from '@mayfly/platform'
import { audit, start } from '../../../../../test/suites/store/store-records.ts'
import { withoutPackages } from '../../../../../test/support/missing-programs.ts'
import { postgresqlUser } from '../../../../../test/support/servers/postgresql.ts'
import { until } from '../../../../../test/support/servers/started-server.ts'
import { createTestIssuer, type TestIssuer } from '../../../../../test/support/test-issuer.ts'
import { openStore } from '../../../src/store/open-store.ts'
import { readPostgresUrl } from '../../../src/store/postgres/connecting/postgres-url.ts'
import type { Store } from '../../../src/store/store.ts'
import type { PostgresLocation } from '../../../src/store/store-location.ts'
import { type DatabaseServer, startDatabaseServer } from '../../support/database-server.ts'

const password = 'correct-horse:battery\\staple'

describe('PostgreSQL store, over TLS and with a password', { skip: withoutPackages('postgresql') }, () => {
  let server: DatabaseServer
  let authority: TestIssuer
  let host: string
  let folder: string

  before(async () => {
    server = await startDatabaseServer(
      `
ssl = on
ssl_cert_file = 'server.pem'
ssl_key_file = 'server.key'
ssl_min_protocol_version = 'TLSv1.3'
`,
      async (cluster) => {
        authority = await createTestIssuer()
        const material = await authority.issue({ names: ['dns:localhost'] })
        const { uid, gid } = await postgresqlUser()
        for (const [name, text] of [
          ['server.pem', material.chainPem],
          ['server.key', encodePrivateKey(material.keyPair)],
        ] as const) {
          await writeFile(join(cluster, name), text, { mode: 0o600 })
          await chown(join(cluster, name), uid, gid)
        }
        await writeFile(
          join(cluster, 'pg_hba.conf'),
          `
host all postgres 127.0.0.1/32 trust
hostssl all issuer all scram-sha-256
`,
        )
      },
    )
    folder = server.folder
    const url = await server.createDatabase()
    await server.ask(url, `CREATE ROLE issuer LOGIN PASSWORD '${password}'`)
    await server.ask(url, `ALTER DATABASE ${url.split('/').at(-1)} OWNER TO issuer`)
    host = url.replace('postgres@127.0.0.1', 'issuer@localhost')
    await writeFile(join(folder, 'ca.pem'), authority.bundle.roots.map(({ pem }) => pem).join(''))
    await writeFile(join(folder, 'password'), `${password}\n`, { mode: 0o600 })
  })
  after(() => server?.remove())

  it('the pinned authority, the name and the password are right → works', async () => {
    const store = await open({ password: { file: join(folder, 'password') } })
    try {
      assert.deepEqual(await store.commit([{ at: start, parts: [audit('one')] }]), [{ done: true }])
    } finally {
      await store.close()
    }
  })

  it('the password is in the file that PGPASSFILE names → works', async () => {
    const path = join(folder, 'pgpass')
    await writeFile(path, `localhost:*:*:issuer:${password.replace(/[:\\]/g, '\\$&')}\n`, { mode: 0o600 })
    const store = await open({}, { PGPASSFILE: path })
    await store.close()
  })

  it('the password is wrong → store-unavailable at once, and it is told nowhere', async () => {
    const path = join(folder, 'wrong')
    await writeFile(path, 'hunter2-hunter2', { mode: 0o600 })
    await refused(open({ password: { file: path } }), 'store-unavailable', /password authentication failed/)
  })

  it('there is no password → says where one may be', async () => {
    await refused(open({}), 'config-invalid', /set database\.password, or PGPASSFILE/)
  })

  it('others can read the password → permission-denied', async () => {
    const path = join(folder, 'open')
    await writeFile(path, password)
    await chmod(path, 0o644)
    await refused(open({ password: { file: path } }), 'permission-denied', /chmod 600/)
  })

  it('another authority → not trusted', async () => {
    const other = await createTestIssuer()
    const ca = join(folder, 'other.pem')
    await writeFile(ca, other.bundle.roots.map(({ pem }) => pem).join(''))
    await refused(open({ ca }), 'store-unavailable', /certificate/)
  })

  it('another name than that of the certificate → not trusted', async () => {
    host = host.replace('localhost', '127.0.0.1')
    await refused(open({}), 'store-unavailable', /127\.0\.0\.1|altnames/i)
    host = host.replace('127.0.0.1', 'localhost')
  })

  it('the file of the authority is empty → refused, never the public roots', async () => {
    const ca = join(folder, 'empty.pem')
    await writeFile(ca, '')
    await refused(open({ ca }), 'config-invalid', /no certificate/)
  })

  it('a server without TLS → refused, never in the clear', async () => {
    const plain = await startDatabaseServer()
    try {
      const url = await plain.createDatabase()
      const read = readPostgresUrl(url)
      assert.ok(read.ok)
      await refused(open({ address: read.address }), 'store-unavailable', /does not support SSL/)
    } finally {
      await plain.remove()
    }
  })

  /** The last: it changes the server. */
  it('a server with TLS 1.2 only → refused', async () => {
    const last = async (statement: string) => (await server.ask(server.rootUrl, statement))[0]
    await last(`ALTER SYSTEM SET ssl_min_protocol_version = 'TLSv1.2'`)
    await last(`ALTER SYSTEM SET ssl_max_protocol_version = 'TLSv1.2'`)
    await last('SELECT pg_reload_conf()')
    await until(
      async () => (await last('SHOW ssl_max_protocol_version'))?.ssl_max_protocol_version === 'TLSv1.2',
      'the settings that were reloaded',
    )
    await refused(
      open({ password: { file: join(folder, 'password') } }),
      'store-unavailable',
      /protocol version/i,
    )
  })

  async function open(
    location: Partial<PostgresLocation>,
    environment: Record<string, string> = {},
  ): Promise<Store> {
    const read = readPostgresUrl(host)
    assert.ok(read.ok)
    return openStore(
      { kind: 'postgres', address: read.address, ca: join(folder, 'ca.pem'), leaseSeconds: 300, ...location },
      { fileSystem: nodeFileSystem, environment, clock: systemClock, random: systemRandom },
    )
  }

  async function refused(
    opening: Promise<Store>,
    code: 'store-unavailable' | 'config-invalid' | 'permission-denied',
    says: RegExp,
  ): Promise<void> {
    await assert.rejects(opening, (error) => {
      assert.ok(isMayflyError(error, code), String(error))
      assert.match(error.message, says)
      const all = `${error.stack} ${JSON.stringify(error)} ${String((error.cause as Error | undefined)?.stack)}`
      assert.doesNotMatch(all, /hunter2|correct-horse/)
      return true
    })
  }
})
