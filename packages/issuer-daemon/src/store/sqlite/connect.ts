import { DatabaseSync } from 'node:sqlite'

/** Another program may read the file; a checkpoint then waits this long for it. */
const busyTimeoutMs = 5_000

export interface Connection {
  /** Memory for pages of the file. */
  readonly cacheMiB: number
  /** Pages in the log of what was written last, after which they are taken into the file. */
  readonly logPages: number
}

/** For requests: they touch few pages, and none of them is to wait for a long checkpoint. */
export const requestConnection: Connection = { cacheMiB: 8, logPages: 1_000 }

/** For many changes at once, whose thread has its own time for checkpoints; this is only where that did not come. */
export const bulkConnection: Connection = { cacheMiB: 24, logPages: 65_536 }

/**
 * After so many changes the log is taken into the file, some 64 MiB: keys fall on pages all over their index, and a
 * page that is written ten times before then costs the disk half as much.
 */
export const changesPerCheckpoint = 10_000

/** Opens a connection to the file, durable with each commit. @throws what SQLite throws */
export function connect(path: string, { cacheMiB, logPages }: Connection): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true })
  try {
    // FULL: a commit is on disk when it returns, also after a loss of power (sqlite.org/pragma.html#pragma_synchronous).
    database.exec(
      `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF;
       PRAGMA cache_size = -${cacheMiB * 1_024}; PRAGMA wal_autocheckpoint = ${logPages}`,
    )
    return database
  } catch (error) {
    database.close()
    throw error
  }
}
