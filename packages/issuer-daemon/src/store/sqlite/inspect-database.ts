import { DatabaseSync } from 'node:sqlite'
import { MayflyError } from '@mayfly/ca-core'
import { toIdentity } from '../columns/identity-columns.ts'
import type { IdentityRecord } from '../identity-record.ts'
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

/** The identities of a store by name; `undefined` where the file cannot be read. */
export function readIdentities(path: string): ReadonlyMap<string, IdentityRecord> | undefined {
  try {
    // Not read-only: closing it takes what is in its journal into its file.
    const database = new DatabaseSync(path)
    try {
      const rows = database.prepare('SELECT * FROM identity').iterate()
      const known = new Map<string, IdentityRecord>()
      for (const row of rows) {
        const identity = toIdentity(row)
        known.set(identity.name, identity)
      }
      return known
    } finally {
      database.close()
    }
  } catch {
    return undefined
  }
}
