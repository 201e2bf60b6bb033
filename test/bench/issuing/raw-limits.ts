import { randomBytes } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import type { Signer } from '@mayfly/ca-core'
import { bulkConnection, connect } from '../../../packages/issuer-daemon/src/store/sqlite/connect.ts'

/** What a leaf of a bench has to sign. */
const tbsBytes = 420

/** Rows in one transaction, as in the sweep. */
const rowsAtOnce = 500

/** Seconds that so many signatures take, one after the other. */
export async function signRaw(signer: Signer, count: number): Promise<number> {
  const message = randomBytes(tbsBytes)
  const begun = performance.now()
  for (let index = 0; index < count; index++) await signer.sign(message)
  return (performance.now() - begun) / 1_000
}

/** The tables that a sweep adds rows to, with their row numbers. */
const grownTables = { issuance: 'id', certificate: 'issuance_id', audit: 'number' } as const
type GrownTable = keyof typeof grownTables

/** Writes what another store has got into a copy of it from before. */
export interface RawInserts {
  /** Inserts the rows that came to the other store since the last time; gives the seconds that took. */
  follow(): number
  close(): void
}

/** `copy` is the store `path` as it is now. The same schema and durability, prepared statements, and nothing else. */
export function openRawInserts(path: string, copy: string): RawInserts {
  const source = new DatabaseSync(path, { readOnly: true })
  const target = connect(copy, bulkConnection)
  const tables = (Object.keys(grownTables) as GrownTable[]).map((table) =>
    prepareTable(source, target, table),
  )
  return {
    follow() {
      const rows = tables.map(({ newRows }) => newRows())
      const longest = Math.max(...rows.map(({ length }) => length))
      const begun = performance.now()
      for (let from = 0; from < longest; from += rowsAtOnce) {
        target.exec('BEGIN IMMEDIATE')
        for (const [index, { insert }] of tables.entries()) {
          for (const row of rows[index]?.slice(from, from + rowsAtOnce) ?? []) insert.run(...row)
        }
        target.exec('COMMIT')
      }
      return (performance.now() - begun) / 1_000
    },
    close() {
      source.close()
      target.close()
    },
  }
}

function prepareTable(source: DatabaseSync, target: DatabaseSync, table: GrownTable) {
  const number = grownTables[table]
  const columns = source.prepare(`PRAGMA table_info(${table})`).all().length
  const insert = target.prepare(`INSERT INTO ${table} VALUES (${Array(columns).fill('?').join()})`)
  const select = source.prepare(`SELECT * FROM ${table} WHERE ${number} > ? ORDER BY ${number}`)
  let last = Number(source.prepare(`SELECT coalesce(max(${number}), 0) AS last FROM ${table}`).get()?.last)
  return {
    insert,
    newRows() {
      const rows = select.all(last)
      last = Number(rows.at(-1)?.[number] ?? last)
      return rows.map((row) => Object.values(row))
    },
  }
}
