import type { DatabaseSync } from 'node:sqlite'
import { type AuditLink, type ChainedAuditRecord, chainAudit } from '../../audit/audit-chain.ts'
import type { AuditRecord } from '../../audit/audit-record.ts'

/** The table `audit`: a chain, written behind the last record of the file whoever wrote that. */
export class AuditRows {
  readonly #insert
  readonly #page
  readonly #first
  readonly #becomeAnchor
  readonly #forgetBefore

  constructor(database: DatabaseSync) {
    this.#insert = database.prepare('INSERT INTO audit (number, hash, text) VALUES (?, ?, ?)')
    this.#page = database.prepare(
      'SELECT number, hash, text FROM audit WHERE number > ? ORDER BY number LIMIT ?',
    )
    this.#first = database.prepare('SELECT min(number) AS number FROM audit')
    this.#becomeAnchor = database.prepare("UPDATE audit SET text = '' WHERE number = ?")
    this.#forgetBefore = database.prepare('DELETE FROM audit WHERE number < ?')
  }

  /** Gives the end after them. */
  append(end: AuditLink, records: readonly AuditRecord[]): AuditLink {
    const chained = chainAudit(end, records)
    for (const { number, hash, text } of chained) this.#insert.run(number, hash, text)
    const { number, hash } = chained.at(-1) ?? end
    return { number, hash }
  }

  /** Removes at most `limit` records from the front, none above `through`; the last of them stays as an anchor. */
  forget(through: number, limit: number, end: AuditLink): number {
    const first = this.#first.get()?.number
    if (typeof first !== 'number') return 0
    const anchor = Math.min(through, first + limit, end.number)
    if (anchor <= first) return 0
    this.#becomeAnchor.run(anchor)
    return Number(this.#forgetBefore.run(anchor).changes)
  }

  page({ afterNumber, limit }: { afterNumber: number; limit: number }): ChainedAuditRecord[] {
    return this.#page.all(afterNumber, limit).map((row) => ({
      number: row.number as number,
      hash: row.hash as Uint8Array,
      text: row.text as string,
    }))
  }
}
