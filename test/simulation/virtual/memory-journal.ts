import { DatabaseSync } from 'node:sqlite'

const durable = 'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL'
const inMemory = 'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF'

/**
 * Lets SQLite keep its journal in memory, hold its lock and wait for no disk, in this thread and from now on. A story's
 * issuer is killed between two operations and never within one: what was committed is what the next process finds,
 * and nothing else, whatever way it took to the file.
 */
export function keepJournalsInMemory(): void {
  const { exec } = DatabaseSync.prototype
  DatabaseSync.prototype.exec = function (sql) {
    return exec.call(this, sql.replace(durable, inMemory))
  }
}
