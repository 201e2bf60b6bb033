import { DatabaseSync } from 'node:sqlite'
import { MayflyError } from '@mayfly/ca-core'
import type { Taint } from '../taint.ts'
import { TaintRows } from './taint-rows.ts'

/** Reads every page. @throws MayflyError `store-invalid` where one is damaged */
export function requireIntegrity(path: string): void {
  const database = new DatabaseSync(path)
  try {
    const [row] = database.prepare('PRAGMA integrity_check(1)').all()
    if (row?.integrity_check === 'ok') return
  } finally {
    database.close()
  }
  throw new MayflyError('store-invalid', 'The backup is damaged; take an older one.')
}

/** The tainted intermediates of a store, if it can be read. */
export function readTaints(path: string): readonly Taint[] {
  try {
    const database = new DatabaseSync(path)
    try {
      return new TaintRows(database).all()
    } finally {
      database.close()
    }
  } catch {
    return []
  }
}

/** The names of a store's identities, and whether each is suspended; `undefined` where the file cannot be read. */
export function readSuspensions(path: string): ReadonlyMap<string, boolean> | undefined {
  try {
    // Not read-only: closing it takes what is in its journal into its file.
    const database = new DatabaseSync(path)
    try {
      const rows = database.prepare('SELECT name, suspended_at IS NOT NULL AS suspended FROM identity').all()
      return new Map(rows.map((row) => [String(row.name), row.suspended === 1]))
    } finally {
      database.close()
    }
  } catch {
    return undefined
  }
}
