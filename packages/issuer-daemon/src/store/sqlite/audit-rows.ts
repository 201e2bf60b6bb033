import type { DatabaseSync } from 'node:sqlite'
import { auditChainOrigin, type ChainedAuditRecord, chainAudit } from '../../audit/audit-chain.ts'
import type { AuditRecord } from '../../audit/audit-record.ts'

/** The table `audit`: a chain, written behind the last record of the file whoever wrote that. */
export class AuditRows {
  readonly #insert
  readonly #last
  readonly #page

  constructor(database: DatabaseSync) {
    this.#insert = database.prepare('INSERT INTO audit (number, hash, text) VALUES (?, ?, ?)')
    this.#last = database.prepare('SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1')
    this.#page = database.prepare(
      'SELECT number, hash, text FROM audit WHERE number > ? ORDER BY number LIMIT ?',
    )
  }

  append(records: readonly AuditRecord[]): void {
    if (records.length === 0) return
    const row = this.#last.get()
    const last =
      row === undefined ? auditChainOrigin : { number: row.number as number, hash: row.hash as Uint8Array }
    for (const { number, hash, text } of chainAudit(last, records)) this.#insert.run(number, hash, text)
  }

  page({ afterNumber, limit }: { afterNumber: number; limit: number }): ChainedAuditRecord[] {
    return this.#page.all(afterNumber, limit).map((row) => ({
      number: row.number as number,
      hash: row.hash as Uint8Array,
      text: row.text as string,
    }))
  }
}
