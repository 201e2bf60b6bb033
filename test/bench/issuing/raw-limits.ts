import { randomBytes } from 'node:crypto'
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'
import type { Signer } from '@mayfly/ca-core'
import {
  bulkConnection,
  changesPerCheckpoint,
  connect,
} from '../../../packages/issuer-daemon/src/store/sqlite/connect.ts'
import { benchPolicy } from '../bench-policy.ts'

/** What a leaf of a bench has to sign. */
const tbsBytes = 420

/** Certificates in one transaction, as in the sweep. */
const rowsAtOnce = benchPolicy.sweepChunk

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

/** What a sweep moves of an identity. */
const movedColumns = [
  'version',
  'newest_generation',
  'newest_serial',
  'newest_serial_generation',
  'newest_not_after',
  'staged_spki',
  'staged_key',
  'staged_parent',
  'staged_at',
  'mint_at',
  'quota_day',
  'quota_count',
]

/** Writes what another store has got into a copy of it from before. */
export interface RawInserts {
  /** Writes the rows that came to the other store since the last time; gives the seconds that took. */
  follow(): number
  close(): void
}

/**
 * `copy` is the store `path` as it is now. The same schema, durability and number of transactions, and prepared
 * statements: the intents of a chunk, then its certificates, its audit and what moved of its identities. Each row is
 * written once, as it is in the end, and nothing is looked up or decided.
 */
export function openRawInserts(path: string, copy: string): RawInserts {
  const source = new DatabaseSync(path, { readOnly: true })
  const target = connect(copy, bulkConnection)
  const grown = (table: GrownTable) => prepareTable(source, target, table)
  const [issuances, certificates, audit] = [grown('issuance'), grown('certificate'), grown('audit')]
  const moved = prepareIdentities(source, target)
  let written = 0
  const transact = (writes: readonly Writes[], from: number): void => {
    target.exec('BEGIN IMMEDIATE')
    for (const { rows, write } of writes) {
      for (const row of rows.slice(from, from + rowsAtOnce)) write(row)
    }
    target.exec('COMMIT')
    written += rowsAtOnce
    if (written < changesPerCheckpoint) return
    target.exec('PRAGMA wal_checkpoint(PASSIVE)')
    written = 0
  }
  return {
    follow() {
      const intents = issuances.newRows()
      const rest = [certificates.newRows(), audit.newRows(), moved.rowsOf(intents.rows)]
      const begun = performance.now()
      for (let from = 0; from < intents.rows.length; from += rowsAtOnce) {
        transact([intents], from)
        transact(rest, from)
      }
      return (performance.now() - begun) / 1_000
    },
    close() {
      source.close()
      target.close()
    },
  }
}

type Values = SQLOutputValue[]

interface Writes {
  readonly rows: readonly Values[]
  readonly write: (row: Values) => unknown
}

function prepareTable(source: DatabaseSync, target: DatabaseSync, table: GrownTable) {
  const number = grownTables[table]
  const columns = source.prepare(`PRAGMA table_info(${table})`).all().length
  const insert = target.prepare(`INSERT INTO ${table} VALUES (${Array(columns).fill('?').join()})`)
  const select = source.prepare(`SELECT * FROM ${table} WHERE ${number} > ? ORDER BY ${number}`)
  let last = Number(source.prepare(`SELECT coalesce(max(${number}), 0) AS last FROM ${table}`).get()?.last)
  return {
    newRows(): Writes {
      const rows = select.all(last)
      last = Number(rows.at(-1)?.[number] ?? last)
      return { rows: rows.map((row) => Object.values(row)), write: (row) => insert.run(...row) }
    },
  }
}

/** Where the number of the identity is in a row of `issuance`. */
const identityPlace = 3

function prepareIdentities(source: DatabaseSync, target: DatabaseSync) {
  const select = source.prepare(`SELECT ${movedColumns.join()}, id FROM identity WHERE id = ?`)
  const update = target.prepare(
    `UPDATE identity SET ${movedColumns.map((column) => `${column} = ?`).join()} WHERE id = ?`,
  )
  return {
    rowsOf(issuances: readonly Values[]): Writes {
      const rows = issuances.map((row) => Object.values(select.get(row[identityPlace] ?? 0) ?? {}))
      return { rows, write: (row) => update.run(...row) }
    },
  }
}
