import assert from 'node:assert/strict'
import { systemClock, systemRandom } from '@mayfly/platform'
import { readPostgresUrl } from '../../src/store/postgres/connecting/postgres-url.ts'
import { openPostgresStore, type PostgresStoreOptions } from '../../src/store/postgres/open-postgres-store.ts'
import type { Store } from '../../src/store/store.ts'

/** A store in the database of that URL, as the daemon opens it. */
export function openTestStore(url: string, options: Partial<PostgresStoreOptions> = {}): Promise<Store> {
  const read = readPostgresUrl(url)
  assert.ok(read.ok)
  return openPostgresStore({
    address: read.address,
    password: async () => assert.fail('a password was asked for'),
    clock: systemClock,
    random: systemRandom,
    leaseSeconds: 300,
    ...options,
  })
}
