import { existsSync, renameSync, rmSync, statSync } from 'node:fs'
import { formatInstant, type Instant, MayflyError } from '@mayfly/ca-core'
import { errnoOf, fileError } from '@mayfly/platform'
import { copyDatabase, noteInCopy } from '../store/sqlite/copy-database.ts'
import { storeError } from '../store/sqlite/store-error.ts'
import { createPrivate, makeDurable } from './private-copy.ts'
import { type BackupNote, backupNote } from './restore-notes.ts'

export interface BackUpOptions {
  /** The store's SQLite file. The issuer may be running. */
  readonly store: string
  /** The file to write; there must be none. */
  readonly out: string
  readonly now: Instant
}

export interface MadeBackup {
  readonly path: string
  readonly at: string
  /** The last audit record in it. */
  readonly auditNumber: number
}

/**
 * Copies the store as it is at one moment, while the issuer goes on. The copy is complete and durable before it has
 * its name.
 *
 * @throws MayflyError `file-exists`, `file-missing` and others of files for the copy; `store-unavailable`,
 * `store-invalid` for the store
 */
export async function backUpStore({ store, out, now }: BackUpOptions): Promise<MadeBackup> {
  requireStore(store)
  if (existsSync(out)) throw new MayflyError('file-exists', `${out} exists; a backup never replaces a file.`)
  const partial = `${out}.partial`
  rmSync(partial, { force: true })
  try {
    createPrivate(partial)
    await copyDatabase(store, partial)
    const at = formatInstant(now)
    const auditNumber = noteInCopy(partial, backupNote, (last) =>
      JSON.stringify({ at, auditNumber: last } satisfies BackupNote),
    )
    makeDurable(partial)
    renameSync(partial, out)
    makeDurable(out)
    return { path: out, at, auditNumber }
  } catch (error) {
    rmSync(partial, { force: true })
    throw isOfTarget(error) ? fileError(out, 'write', error) : storeError(error, store)
  }
}

/** Whoever may not look into the folder is not told that it is empty. */
function requireStore(store: string): void {
  try {
    statSync(store)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw fileError(store, 'read', error)
    throw new MayflyError('file-missing', `There is no store at ${store}.`)
  }
}

/** The store is only read here: whatever could not be made, or had no room, is the copy. */
function isOfTarget(error: unknown): boolean {
  const errno = errnoOf(error)
  return errno === 'ENOSPC' || (error instanceof Error && 'syscall' in error)
}
