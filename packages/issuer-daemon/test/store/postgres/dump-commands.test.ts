import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { names, newIdentity, stagedKey, start } from '../../../../../test/suites/store/store-records.ts'
import { withoutPackages } from '../../../../../test/support/missing-programs.ts'
import type { IdentityRecord } from '../../../src/store/identity-record.ts'
import { readPostgresUrl } from '../../../src/store/postgres/connecting/postgres-url.ts'
import { dumpCommand, loadDumpCommand, unstageCommand } from '../../../src/store/postgres/dump-commands.ts'
import type { PostgresLocation } from '../../../src/store/store-location.ts'
import { startDatabaseServer } from '../../support/database-server.ts'
import { openTestStore } from '../../support/postgres-store.ts'

function locationOf(url: string, ca?: string): PostgresLocation {
  const read = readPostgresUrl(url)
  assert.ok(read.ok)
  return { kind: 'postgres', address: read.address, leaseSeconds: 300, ...(ca !== undefined && { ca }) }
}

describe('commands that back up and restore a store on PostgreSQL', () => {
  for (const [url, ca, dbname] of [
    ['postgres://mayfly@db-1/ca', undefined, 'postgres://mayfly@db-1:5432/ca'],
    [
      'postgres://mayfly@db-1,db-2:5433/ca',
      '/etc/mayfly/db ca.pem',
      "'--dbname=postgres://mayfly@db-1:5432,db-2:5433/ca?target_session_attrs=read-write&sslmode=verify-full&sslrootcert=%2Fetc%2Fmayfly%2Fdb%20ca.pem'",
    ],
    ['postgres://mayfly@%2Frun%2Fpostgresql/ca', undefined, 'postgres://mayfly@%2Frun%2Fpostgresql:5432/ca'],
    ['postgres://mayfly@[fd00::1]/ca', undefined, "'--dbname=postgres://mayfly@[fd00::1]:5432/ca'"],
  ] as const) {
    it(`${url} → one URI that libpq reads, safe in a shell`, () => {
      const dump = dumpCommand(locationOf(url, ca), '/backup')
      assert.ok(dump.endsWith(dbname.startsWith("'") ? dbname : `--dbname=${dbname}`), dump)
    })
  }

  it('a file with a quote in its name → still one word', () => {
    const command = dumpCommand(locationOf('postgres://mayfly@db-1/ca'), "/it's; rm -rf x")
    assert.ok(command.includes("'--file=/it'\\''s; rm -rf x'"), command)
  })

  it('run by a shell → the store as it was, but for the keys that waited, and nothing that came since', {
    skip: withoutPackages('postgresql'),
    timeout: 120_000,
  }, async () => {
    const server = await startDatabaseServer()
    try {
      const url = await server.createDatabase()
      const backup = join(server.folder, "the store's backup")
      const run = (command: string) => promisify(execFile)('sh', ['-c', command])
      const add = async (name: string) => {
        const store = await openTestStore(url)
        await store.commit([{ at: start, parts: [{ do: 'add-identity', identity: newIdentity(name) }] }])
        await store.close()
      }
      await add('web-1')
      const before = await openTestStore(url)
      const next = { ...(await before.identities({ limit: 1 }))[0], staged: stagedKey('key', start) }
      await before.commit([{ at: start, parts: [{ do: 'move-identity', next: next as IdentityRecord }] }])
      await before.close()
      await run(dumpCommand(locationOf(url), backup))
      await add('web-2')
      await run(loadDumpCommand(locationOf(url), backup))
      const restored = await openTestStore(url)
      assert.equal((await restored.counts(start)).staged, 1)
      await restored.close()
      await run(unstageCommand(locationOf(url)))
      const store = await openTestStore(url)
      assert.equal((await store.identity({ name: 'web-1' }))?.staged, undefined)
      assert.deepEqual(await store.claimDue({ until: start, limit: 1 }), [])
      assert.deepEqual(await names(store), ['web-1'])
      assert.equal((await store.counts(start)).identities, 1)
      await store.close()
      await add('web-3')
    } finally {
      await server.remove()
    }
  })
})
