import { DatabaseSync } from 'node:sqlite'
import { isMayflyError, MayflyError } from '@mayfly/ca-core'
import { toIdentity } from '../columns/identity-columns.ts'
import type { IdentityRecord } from '../identity-record.ts'
import type { Taint } from '../taint.ts'
import { foreignToSchema } from './own-schema.ts'
import { TaintRows } from './rows/taint-rows.ts'
import { applicationId } from './schema.ts'
import { storeError } from './store-error.ts'

/** Reads every page of a copy of `backup`. @throws MayflyError `store-invalid` where one is damaged, or it is no database */
export function requireIntegrity(path: string, backup: string): void {
  const database = new DatabaseSync(path)
  try {
    const [row] = database.prepare('PRAGMA integrity_check(1)').all()
    if (row?.integrity_check === 'ok') return
  } catch (error) {
    const found = storeError(error, backup)
    if (!isMayflyError(found, 'store-invalid')) throw error
    throw new MayflyError(
      'store-invalid',
      `${backup} is damaged, or no backup that \`mayfly issuer backup\` has made. The store was left as it is.`,
      { details: { path: backup }, cause: error },
    )
  } finally {
    database.close()
  }
  throw new MayflyError(
    'store-invalid',
    `The backup ${backup} is damaged; take an older one. The store was left as it is.`,
  )
}

/** @throws MayflyError `store-invalid` where somebody has put a trigger, a view or a table into a copy of `backup` */
export function requireOwnSchema(path: string, backup: string): void {
  const database = new DatabaseSync(path)
  let foreign: string[] = []
  try {
    // Of the database of another program the migration tells.
    const id = database.prepare('PRAGMA application_id').get()?.application_id
    if (id === applicationId) foreign = foreignToSchema(database)
  } finally {
    database.close()
  }
  if (foreign.length === 0) return
  throw new MayflyError(
    'store-invalid',
    `${backup} is not as \`mayfly issuer backup\` made it: somebody has changed, added or removed ${foreign.join(', ')}. ` +
      'Take another backup, and find out who could write to this one. The store was left as it is.',
    { details: { path: backup, foreign } },
  )
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
