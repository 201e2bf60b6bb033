import { closeSync, openSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '@mayfly/ca-core'
import type { FileLock } from '@mayfly/platform'
import type { Change, ChangeOutcome } from '../change.ts'
import { defaultLeaseSeconds, type Store } from '../store.ts'
import { connect, requestConnection } from './connect.ts'
import { countRows } from './counts.ts'
import { databaseBytes, readFleet } from './fleet.ts'
import { inTransaction } from './in-transaction.ts'
import { lockStore } from './lock-store.ts'
import { migrate } from './migrate.ts'
import { openTables } from './open-tables.ts'
import { Pruning } from './pruning.ts'
import { realPath } from './real-path.ts'
import { rewriteLog } from './rewrite-log.ts'
import { diskStalled, storeError } from './store-error.ts'
import { transact } from './transaction.ts'
import { BulkWriter } from './writing/bulk-writer.ts'
import { DiskPace } from './writing/disk-pace.ts'
import { toRowChange } from './writing/row-change.ts'
import { waitingLogBytes } from './writing/waiting-log.ts'
import { WriteLane } from './writing/write-lane.ts'

/** Changes in one transaction: some fifty milliseconds, for which who comes after them waits, the first for two. */
const changesPerTransactionMax = 1_000

/** Of a sweep while requests come, each of which waits for two: some twenty milliseconds. */
const changesBesideRequestsMax = 250

/** With the next one there already, the thread does not wait for the event loop to hear of the last. */
const bulkAtOnceMax = 2

/** More than these go to a thread: in the event loop they would keep requests waiting, for the disk above all. */
const defaultChangesInLoopMax = 64

/** The longest that a caller is kept. Who waits behind a transaction that takes longer is told to come again. */
const stalledAfterMs = 10_000

export interface SqliteStoreOptions {
  readonly path: string
  /** Changes that are written in the event loop; more at once go to a thread. Default: 64. */
  readonly changesInLoopMax?: number
  /** As many that wait together go to the thread while it is free. Default: only what is too much for the loop. */
  readonly changesForThreadMin?: number
  /** Tells a slow disk; without it none is told. */
  readonly clock?: Pick<Clock, 'monotonic'>
}

/**
 * Opens the store in an SQLite file, which is made where there is none. A lock beside it keeps every other issuer
 * away for as long as this process lives; tools that only read are welcome.
 *
 * @throws MayflyError `already-running` where another process uses it, `store-invalid` where it is damaged, of
 * another program or of a newer Mayfly, `store-unavailable` where the disk says no
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const path = realPath(options.path)
  const lock = await lockStore(path)
  try {
    createPrivately(path)
    rewriteLog(path)
    return createStore(openDatabase(path), { ...options, path }, lock)
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
  const database = connect(path, requestConnection)
  try {
    migrate(database, path)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function createStore(database: DatabaseSync, options: SqliteStoreOptions, lock: FileLock): Store {
  const { path, changesInLoopMax = defaultChangesInLoopMax } = options
  const { changesForThreadMin = changesInLoopMax + 1 } = options
  const tables = openTables(database)
  const pruning = new Pruning(database, tables.audit)
  const checkpoints = ownCheckpoints(database)
  const bulk = new BulkWriter(path, () => {
    checkpoints.resume()
    lane.wake()
  })
  const pace = new DiskPace(options.clock)
  const attempt = <Result>(work: () => Result): Result => {
    try {
      return work()
    } catch (error) {
      throw storeError(error, path)
    }
  }
  const inThread = (changes: readonly Change[]): Promise<ChangeOutcome[]> => {
    checkpoints.pause()
    return bulk.transact(changes).catch((error: unknown) => {
      checkpoints.resume()
      throw storeError(error, path)
    })
  }
  const lane = new WriteLane<Change, ChangeOutcome>({
    transact(changes) {
      if (changes.length > changesInLoopMax) return inThread(changes)
      if (changes.length >= changesForThreadMin && !bulk.isCheckpointing) return inThread(changes)
      // A slow disk would keep everything else waiting, with those that only read.
      if (pace.isSlow) return pace.timeInThread(() => inThread(changes))
      return pace.timeInLoop(() => attempt(() => transact(database, tables, changes.map(toRowChange))))
    },
    changesMax: changesPerTransactionMax,
    quickMax: changesInLoopMax,
    besideQuickMax: changesBesideRequestsMax,
    bulkAtOnceMax,
    isReadyForBulk: () => !bulk.willCheckpoint,
    stalledAfterMs,
    stalled: () => diskStalled(path, stalledAfterMs),
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
    taints: async () => attempt(() => tables.taints.all()),
    stagedUnderTaint: async (page) => attempt(() => tables.taints.stagedUnder(page)),
    async chains(now) {
      const counting = tables.taints.countChains(now)
      while (attempt(() => counting.countMore())) await nextTurn()
      return counting.result()
    },
    auditRecords: async (page) => attempt(() => tables.audit.page(page)),
    auditEnd: async () => attempt(() => tables.head.read().audit),
    note: async (name) => attempt(() => tables.notes.find(name)),
    newestInstant: async () => attempt(() => tables.head.read().newest),
    counts: async (now) => attempt(() => countRows(database, tables.head.read(), now)),
    fleet: async (now) => attempt(() => readFleet(database, now)),
    sizeBytes: async () => attempt(() => databaseBytes(path)),
    logBytes: async () => attempt(() => waitingLogBytes(database)),
    packAudit: async (now) =>
      !pace.isSlow && attempt(() => tables.audit.isReady(now))
        ? lane.alone(() => attempt(() => inTransaction(database, () => tables.audit.pack(now))))
        : 0,
    // What can wait is not done on a slow disk: it would be done in the event loop.
    prune: async (bounds) => (pace.isSlow ? 0 : lane.alone(() => attempt(() => pruning.prune(bounds)))),
    async close() {
      await lane.idle()
      await bulk.close()
      database.close()
      lock.release()
    },
  }
}

/**
 * Who writes little takes it into the file with a commit now and then. While the thread writes much it does that
 * alone: for its long log a request would keep the event loop from everything else.
 */
function ownCheckpoints(database: DatabaseSync): { pause(): void; resume(): void } {
  let paused = false
  const set = (pause: boolean): void => {
    if (paused === pause || !database.isOpen) return
    paused = pause
    database.exec(`PRAGMA wal_autocheckpoint = ${pause ? 0 : requestConnection.logPages}`)
  }
  return { pause: () => set(true), resume: () => set(false) }
}
