import { DatabaseSync } from 'node:sqlite'
import { migrations } from './schema.ts'

/**
 * What a database holds beside the tables and indices of its version, or lacks of them, by kind and name. A trigger acts on
 * every change for as long as the store lives, and nothing else would show it.
 */
export function foreignToSchema(database: DatabaseSync): string[] {
  const version = Number(database.prepare('PRAGMA user_version').get()?.user_version)
  const own = schemaOf(version)
  const found = objectsOf(database)
  const others = [...found].filter(([name, sql]) => own.get(name) !== sql).map(([name]) => name)
  const missing = [...own.keys()].filter((name) => !found.has(name))
  return [...others, ...missing]
}

function schemaOf(version: number): ReadonlyMap<string, string> {
  const database = new DatabaseSync(':memory:')
  try {
    for (const migration of migrations.slice(0, version)) database.exec(migration)
    return objectsOf(database)
  } finally {
    database.close()
  }
}

/** How each was made, by its kind and name. An index of SQLite's own, such as that of a primary key, has no text. */
function objectsOf(database: DatabaseSync): ReadonlyMap<string, string> {
  const rows = database.prepare('SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL').all()
  return new Map(rows.map(({ type, name, sql }) => [`${type} ${name}`, String(sql)]))
}
