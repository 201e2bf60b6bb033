import type { DatabaseSync } from 'node:sqlite'

/**
 * What the log holds that no checkpoint has taken into the file. The log itself keeps its size, and is written from its
 * beginning again once all of it was taken in.
 *
 * NOOP looks and takes nothing in; SQLite before 3.51 takes it for PASSIVE (sqlite.org/pragma.html#pragma_wal_checkpoint).
 */
export function waitingLogBytes(database: DatabaseSync): number {
  const found = database.prepare('PRAGMA wal_checkpoint(NOOP)').get()
  const pages = Number(found?.log) - Number(found?.checkpointed)
  const { page_size: pageBytes } = database.prepare('PRAGMA page_size').get() ?? {}
  // Both are -1 where there is no log, as in memory.
  return Math.max(0, pages) * Number(pageBytes)
}
