import { closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { type FileLock, lockFile } from '@mayfly/platform'
import type { Change, ChangeOutcome } from '../change.ts'
import { defaultLeaseSeconds, type Store } from '../store.ts'
import { AuditRows } from './audit-rows.ts'
import { countRows } from './counts.ts'
import { databaseBytes, readFleet } from './fleet.ts'
import { HeadRow } from './head-row.ts'
import { IdentityRows } from './identity-rows.ts'
import { IssuanceRows } from './issuance-rows.ts'
import { migrate } from './migrate.ts'
import { NonceRows } from './nonce-rows.ts'
import { NoteRows } from './note-rows.ts'
import { prune } from './prune.ts'
import { storeError } from './store-error.ts'
import { TokenRows } from './token-rows.ts'
import { type Tables, transact } from './transaction.ts'
import { WriteLane } from './write-lane.ts'

/** Changes in one transaction: a few milliseconds, after which the event loop turns. */
const changesPerTransactionMax = 256

/** Another program may read the file; a checkpoint then waits this long for it. */
const busyTimeoutMs = 5_000

export interface SqliteStoreOptions {
  readonly path: string
}

/**
 * Opens the store in an SQLite file, which is made where there is none. A lock beside it keeps every other issuer
 * away for as long as this process lives; tools that only read are welcome.
 *
 * @throws MayflyError `already-running` where another process uses it, `store-invalid` where it is damaged, of
 * another program or of a newer Mayfly, `store-unavailable` where the disk says no
 */
export async function openSqliteStore({ path }: SqliteStoreOptions): Promise<Store> {
  const lock = await lockFile(`${path}.lock`)
  try {
    createPrivately(path)
    const database = openDatabase(path)
    return createStore(database, path, lock)
  } catch (error) {
    lock.release()
    throw storeError(error, path)
  }
}

/** SQLite would make it readable for all; the files beside it take their access from it. */
function createPrivately(path: string): void {
  closeSync(openSync(path, 'a', 0o600))
}

function openDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true })
  try {
    // FULL: a commit is on disk when it returns, also after a loss of power (sqlite.org/pragma.html#pragma_synchronous).
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF')
    migrate(database, path)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function createStore(database: DatabaseSync, path: string, lock: FileLock): Store {
  const tables: Tables = {
    identities: new IdentityRows(database),
    issuances: new IssuanceRows(database),
    tokens: new TokenRows(database),
    nonces: new NonceRows(database),
    notes: new NoteRows(database),
    audit: new AuditRows(database),
    head: new HeadRow(database),
  }
  const attempt = <Result>(work: () => Result): Result => {
    try {
      return work()
    } catch (error) {
      throw storeError(error, path)
    }
  }
  const lane = new WriteLane<Change, ChangeOutcome>({
    transact: (changes) => attempt(() => transact(database, tables, changes)),
    changesMax: changesPerTransactionMax,
  })
  return {
    shared: false,
    leaseSeconds: defaultLeaseSeconds,
    commit: (changes) => lane.write(changes),
    identity: async (by) => attempt(() => tables.identities.find(by)),
    identities: async (page) => attempt(() => tables.identities.page(page)),
    token: async (jti) => attempt(() => tables.tokens.find(jti)),
    tokens: async (page) => attempt(() => tables.tokens.page(page)),
    issuance: async (keyHash) => attempt(() => tables.issuances.ofKey(keyHash)),
    certificate: async (by) => attempt(() => tables.issuances.certificate(by)),
    pendingIntents: async (page) => attempt(() => tables.issuances.pending(page)),
    claimDue: async (page) => attempt(() => tables.identities.due(page)),
    auditRecords: async (page) => attempt(() => tables.audit.page(page)),
    auditEnd: async () => attempt(() => tables.head.read().audit),
    note: async (name) => attempt(() => tables.notes.find(name)),
    newestInstant: async () => attempt(() => tables.head.read().newest),
    counts: async (now) => attempt(() => countRows(database, tables.head.read(), now)),
    fleet: async (now) => attempt(() => readFleet(database, now)),
    sizeBytes: async () => attempt(() => databaseBytes(path)),
    prune: async (bounds) => attempt(() => prune(database, tables, bounds)),
    async close() {
      await lane.idle()
      database.close()
      lock.release()
    },
  }
}
