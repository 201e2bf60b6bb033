import type { DatabaseSync } from 'node:sqlite'
import { dueColumns, toDueIdentity } from '../../columns/due-columns.ts'
import type { Row } from '../../columns/row.ts'
import type { BegunGeneration, DueIdentity } from '../../identity-record.ts'
import type { DuePage } from '../../store.ts'

/**
 * The tables `due` and `minted`: the staged keys by the time at which they are to be certified, and those that a sweep
 * has certified.
 *
 * Whose time has come lies together there, while the rows of their identities lie anywhere in the file: a sweep that
 * wrote to each would write a page for each, twice. So it takes the key out of `due` and puts a line into `minted`,
 * and the row goes on showing the key as staged. What is true of it then is in `minted` and the log of issuance:
 * `settledIdentity` reads that, and whatever else writes to the row takes it up first (`IdentityRows`).
 */
export class StagedRows {
  readonly #due
  readonly #take
  readonly #insertMinted
  readonly #forgetMinted
  readonly #isMinted

  constructor(database: DatabaseSync) {
    // CROSS JOIN keeps the order: by time, then one look into the other table for each.
    this.#due = database.prepare(
      `SELECT ${dueColumns.map((column) => `identity.${column}`).join()} FROM due
         CROSS JOIN identity ON identity.id = due.identity_id
       WHERE due.mint_at <= ? AND (due.mint_at, due.identity_id) > (?, ?)
       ORDER BY due.mint_at, due.identity_id LIMIT +?`,
    )
    this.#take = database.prepare('DELETE FROM due WHERE mint_at = ? AND identity_id = ? AND version = ?')
    this.#insertMinted = database.prepare(
      'INSERT INTO minted (not_after, identity_id, quota_day, quota_count) VALUES (?, ?, ?, ?)',
    )
    this.#forgetMinted = database.prepare('DELETE FROM minted WHERE not_after = ? AND identity_id = ?')
    this.#isMinted = database.prepare(
      `SELECT 1 FROM identity WHERE id = ? AND mint_at IS NOT NULL AND NOT EXISTS
         (SELECT 1 FROM due WHERE due.mint_at = identity.mint_at AND due.identity_id = identity.id)`,
    )
  }

  due({ until, after, limit }: DuePage): DueIdentity[] {
    return this.#due
      .all(until, after?.mintAt ?? Number.MIN_SAFE_INTEGER, after?.id ?? 0, limit)
      .map(toDueIdentity)
  }

  /** Takes the key of an identity off the stage, unless the identity moved since it was found due. */
  mint(id: number, { mintAt, version, quota }: BegunGeneration, notAfter: number): boolean {
    if (this.#take.run(mintAt, id, version).changes === 0) return false
    this.#insertMinted.run(notAfter, id, quota.day, quota.count)
    return true
  }

  /** Whether the row of the identity shows a key as staged that was certified. */
  isMinted(id: number): boolean {
    return this.#isMinted.get(id) !== undefined
  }

  /** The row of the identity shows it now. */
  forgetMinted(id: number, notAfter: number): void {
    this.#forgetMinted.run(notAfter, id)
  }
}

/** The rows of identities, each beside what a sweep has certified for it since it was written; to be read by `settle`. */
export const settledIdentity = `SELECT identity.*, minted.quota_day AS minted_quota_day,
    minted.quota_count AS minted_quota_count, issuance.serial AS minted_serial,
    issuance.generation AS minted_generation, issuance.not_after AS minted_not_after
  FROM identity
    LEFT JOIN due ON due.mint_at = identity.mint_at AND due.identity_id = identity.id
    LEFT JOIN issuance ON issuance.burnt IS NULL
      AND substr(issuance.key, 1, 16) = substr(iif(due.version IS NULL, identity.staged_key, NULL), 1, 16)
    LEFT JOIN minted ON minted.not_after = issuance.not_after AND minted.identity_id = identity.id`

/** A row of `settledIdentity` as a row of `identity`, with what the sweep would have written to it. */
export function settle(row: Row): Row {
  if (row.minted_quota_day === null) return row
  return {
    ...row,
    version: (row.version as number) + 1,
    newest_generation: row.minted_generation,
    staged_spki: null,
    staged_key: null,
    staged_parent: null,
    staged_at: null,
    mint_at: null,
    newest_serial: row.minted_serial,
    newest_serial_generation: row.minted_generation,
    newest_not_after: row.minted_not_after,
    quota_day: row.minted_quota_day,
    quota_count: row.minted_quota_count,
  }
}
