import type { DatabaseSync } from 'node:sqlite'
import type { Instant } from '@mayfly/ca-core'
import type { AuditLink } from '../../../audit/audit-chain.ts'
import type { Totals } from '../../totals.ts'

/** What the row holds. */
export interface Head extends Totals {
  /** The end of the audit. */
  readonly audit: AuditLink
  /** The newest time that the store has seen; `undefined` before the first change. */
  readonly newest: Instant | undefined
}

/** The one row of the table `head`. */
export class HeadRow {
  readonly #read
  readonly #write

  constructor(database: DatabaseSync) {
    this.#read = database.prepare('SELECT * FROM head WHERE id = 1')
    this.#write = database.prepare(
      `UPDATE head SET audit_number = ?, audit_hash = ?, newest_instant = ?, identities = ?, certificates = ?, issued = ?,
         burnt = ? WHERE id = 1`,
    )
  }

  read(): Head {
    const row = this.#read.get()
    if (row === undefined) throw new TypeError('the table head has no row')
    return {
      audit: { number: row.audit_number as number, hash: row.audit_hash as Uint8Array },
      newest: (row.newest_instant as number | null) ?? undefined,
      identities: row.identities as number,
      certificates: row.certificates as number,
      issued: row.issued as number,
      burnt: row.burnt as number,
    }
  }

  write({ audit, newest, identities, certificates, issued, burnt }: Head): void {
    const newestMs = newest === undefined ? null : Math.floor(newest)
    this.#write.run(audit.number, audit.hash, newestMs, identities, certificates, issued, burnt)
  }
}
