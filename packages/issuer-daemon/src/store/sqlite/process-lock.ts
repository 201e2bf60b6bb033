import { DatabaseSync } from 'node:sqlite'
import { MayflyError } from '@mayfly/ca-core'
import { isBusy, storeError } from './store-error.ts'

/**
 * Keeps every other process from the store for as long as this one lives.
 *
 * The lock is an open exclusive transaction on a database beside the store: Node has no file locks, SQLite does,
 * and the kernel drops them with the process however it ends. The store itself stays readable for other tools.
 *
 * @returns a function that lets go
 * @throws MayflyError `already-running`
 */
export function lockStore(path: string): () => void {
  const lockPath = `${path}-lock`
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(lockPath, { timeout: 0 })
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    const held = database
    return () => held.close()
  } catch (error) {
    database?.close()
    if (!isBusy(error)) throw storeError(error, lockPath)
    throw new MayflyError('already-running', `another process uses the store ${path}; only one may`, {
      details: { path },
      cause: error,
    })
  }
}
