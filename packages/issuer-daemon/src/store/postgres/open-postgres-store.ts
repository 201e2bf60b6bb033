import type { Change, ChangeOutcome } from '../change.ts'
import type { Store } from '../store.ts'
import { packAudit } from './audit.ts'
import { claimDue } from './claims.ts'
import { CommitLane } from './commit-lane.ts'
import { Database, type DatabaseOptions } from './connecting/database.ts'
import { describePostgres } from './connecting/postgres-url.ts'
import { countRows } from './counts.ts'
import { databaseBytes, readFleet } from './fleet.ts'
import { migrate } from './migrate.ts'
import { prune } from './prune.ts'
import { queriesOn } from './queries.ts'
import { Writer } from './writer.ts'

/** Changes in one transaction: a chunk of a sweep in one, and still short enough for the others who wait. */
const changesPerTransactionMax = 512

const writerIdBytes = 16

export interface PostgresStoreOptions extends DatabaseOptions {
  /** How long this issuer may be at work on what it claimed before another one takes it over. */
  readonly leaseSeconds: number
}

/**
 * Opens the store in a PostgreSQL database, whose schema is made or brought up to date first. Any number of
 * issuers may share it.
 *
 * @throws MayflyError `store-unavailable` where the database cannot be reached, `store-invalid` where it is damaged,
 * of another program, of a newer Mayfly or of a too old PostgreSQL
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const database = new Database(options)
  try {
    await database.use((session) => migrate(session, describePostgres(options.address)), {
      mayTakeLong: true,
    })
    return createStore(database, options)
  } catch (error) {
    await database.close()
    throw error
  }
}

function createStore(database: Database, { random, leaseSeconds }: PostgresStoreOptions): Store {
  const id = random.bytes(writerIdBytes)
  const writer = new Writer(database, id)
  const lane = new CommitLane<Change, ChangeOutcome>({
    transact: (changes) => writer.transact(changes),
    changesMax: changesPerTransactionMax,
  })
  const slowly = { mayTakeLong: true }
  return {
    shared: true,
    leaseSeconds,
    ...queriesOn(database),
    commit: (changes) => lane.write(changes),
    claimDue: (page) => database.use((session) => claimDue(session, page, { writer: id, leaseSeconds })),
    counts: (now) => database.use((session) => countRows(session, now)),
    fleet: (now) => database.use((session) => readFleet(session, now)),
    sizeBytes: () => database.use((session) => databaseBytes(session)),
    logBytes: async () => 0,
    packAudit: (now) => database.use((session) => packAudit(session, now), slowly),
    prune: (bounds) => database.use((session) => prune(session, bounds), slowly),
    async close() {
      await lane.idle()
      await database.close()
    },
  }
}
