import { existsSync, renameSync, rmSync } from 'node:fs'
import { backup, DatabaseSync } from 'node:sqlite'
import { formatInstant, type Instant, MayflyError } from '@mayfly/ca-core'
import { storeError } from '../store/sqlite/store-error.ts'
import { createPrivate, makeDurable } from './private-copy.ts'
import { type BackupNote, backupNote } from './restore-notes.ts'

/** Another program may be writing; a step of the copy waits this long for it. */
const busyTimeoutMs = 5_000

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
 * @throws MayflyError `file-exists`, `file-missing`, `store-unavailable`, `store-invalid`
 */
export async function backUpStore({ store, out, now }: BackUpOptions): Promise<MadeBackup> {
  if (!existsSync(store)) throw new MayflyError('file-missing', `There is no store at ${store}.`)
  if (existsSync(out)) throw new MayflyError('file-exists', `${out} exists; a backup never replaces a file.`)
  const partial = `${out}.partial`
  rmSync(partial, { force: true })
  try {
    createPrivate(partial)
    const source = new DatabaseSync(store, { readOnly: true, timeout: busyTimeoutMs })
    await backup(source, partial).finally(() => source.close())
    const auditNumber = mark(partial, formatInstant(now))
    makeDurable(partial)
    renameSync(partial, out)
    makeDurable(out)
    return { path: out, at: formatInstant(now), auditNumber }
  } catch (error) {
    rmSync(partial, { force: true })
    throw storeError(error, store)
  }
}

/** Writes into the copy what it is. One file: a backup whose journal was left behind would be an older one. */
function mark(path: string, at: string): number {
  const database = new DatabaseSync(path)
  try {
    database.exec('PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL')
    const auditNumber = Number(database.prepare('SELECT coalesce(max(number), 0) AS n FROM audit').get()?.n)
    const text = JSON.stringify({ at, auditNumber } satisfies BackupNote)
    database.prepare('INSERT OR REPLACE INTO note (name, text) VALUES (?, ?)').run(backupNote, text)
    return auditNumber
  } finally {
    database.close()
  }
}
