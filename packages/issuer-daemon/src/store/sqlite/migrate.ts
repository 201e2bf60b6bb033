import type { DatabaseSync } from 'node:sqlite'
import { MayflyError } from '@mayfly/ca-core'
import { applicationId, migrations } from './schema.ts'

/**
 * Brings the database to the schema of this version, one transaction for each step.
 *
 * @throws MayflyError `store-invalid` where it belongs to something else, or to a newer Mayfly
 */
export function migrate(database: DatabaseSync, path: string): void {
  const found = readPragma(database, 'user_version')
  requireOurs(database, path, found)
  for (let version = found; version < migrations.length; version++) {
    database.exec(
      `BEGIN IMMEDIATE; ${migrations[version]}
       PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${version + 1}; COMMIT`,
    )
  }
}

function requireOurs(database: DatabaseSync, path: string, version: number): void {
  if (version > migrations.length) {
    throw new MayflyError(
      'store-invalid',
      `${path} was written by a newer Mayfly (schema ${version}, this one knows ${migrations.length}); ` +
        'start that version, or restore the backup made before it',
      { details: { path, found: version, known: migrations.length } },
    )
  }
  const isNew = version === 0 && database.prepare('SELECT 1 FROM sqlite_schema').get() === undefined
  if (!isNew && readPragma(database, 'application_id') !== applicationId) {
    throw new MayflyError('store-invalid', `${path} is the database of another program`, {
      details: { path },
    })
  }
}

function readPragma(database: DatabaseSync, name: 'user_version' | 'application_id'): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name])
}
