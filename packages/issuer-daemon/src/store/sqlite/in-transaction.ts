import type { DatabaseSync } from 'node:sqlite'

/**
 * Does `work` in a transaction, which is undone where `work` throws or `isUndone` says so of its result.
 *
 * @throws what `work` and SQLite throw; then nothing is done
 */
export function inTransaction<Result>(
  database: DatabaseSync,
  work: () => Result,
  isUndone: (result: Result) => boolean = () => false,
): Result {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    database.exec(isUndone(result) ? 'ROLLBACK' : 'COMMIT')
    return result
  } catch (error) {
    // After some errors, such as a full disk, SQLite has rolled back by itself.
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}
