import type { DatabaseSync } from 'node:sqlite'
import { movedColumns, toIdentity, toMovedValues } from '../../columns/identity-columns.ts'
import type { IdentityRecord, NewIdentity } from '../../identity-record.ts'
import type { IdentityPage } from '../../store.ts'
import { isConstraintViolation } from '../store-error.ts'
import type { MovedRowPart } from '../writing/row-change.ts'
import { type StagedRows, settle, settledIdentity } from './staged-rows.ts'

/** The table `identity`. */
export class IdentityRows {
  readonly #staged
  readonly #insert
  readonly #move
  readonly #byName
  readonly #byId
  readonly #page
  readonly #suspendedPage

  constructor(database: DatabaseSync, staged: StagedRows) {
    this.#staged = staged
    this.#insert = database.prepare(
      `INSERT INTO identity (version, name, profile, names, created_at, lineages_begun, quota_day, quota_count)
       VALUES (1, ?, ?, ?, ?, 0, 0, 0)`,
    )
    // By their places: to find each of so many by its name takes longer than the update.
    this.#move = database.prepare(
      `UPDATE identity SET version = version + 1, ${movedColumns.map((column) => `${column} = ?`).join(', ')}
       WHERE id = ? AND version = ?`,
    )
    this.#byName = database.prepare(`${settledIdentity} WHERE identity.name = ?`)
    this.#byId = database.prepare(`${settledIdentity} WHERE identity.id = ?`)
    this.#page = database.prepare(
      `${settledIdentity} WHERE identity.name > ? ORDER BY identity.name LIMIT +?`,
    )
    this.#suspendedPage = database.prepare(
      `${settledIdentity} WHERE identity.name > ? AND identity.suspended_at IS NOT NULL
       ORDER BY identity.name LIMIT +?`,
    )
  }

  /** Whether the name was free. */
  add({ name, profile, names, createdAt }: NewIdentity): boolean {
    try {
      this.#insert.run(name, profile, JSON.stringify(names), createdAt)
      return true
    } catch (error) {
      if (isConstraintViolation(error)) return false
      throw error
    }
  }

  /** Whether the stored version was still the one on which it was decided. */
  move({ id, version, values }: MovedRowPart): boolean {
    this.takeUp(id)
    return this.#move.run(...values, id, version).changes === 1
  }

  /** Writes to the row of an identity what a sweep has left out; to be done before anything else is written to it. */
  takeUp(id: number): void {
    if (!this.#staged.isMinted(id)) return
    const identity = this.find({ id })
    if (identity?.newest === undefined) throw new TypeError(`what was minted for identity ${id} is missing`)
    this.#move.run(...toMovedValues(identity), id, identity.version - 1)
    this.#staged.forgetMinted(id, identity.newest.notAfter)
  }

  find(by: { readonly name: string } | { readonly id: number }): IdentityRecord | undefined {
    const row = 'id' in by ? this.#byId.get(by.id) : this.#byName.get(by.name)
    return row === undefined ? undefined : toIdentity(settle(row))
  }

  page({ afterName = '', limit, suspended = false }: IdentityPage): IdentityRecord[] {
    return (suspended ? this.#suspendedPage : this.#page)
      .all(afterName, limit)
      .map((row) => toIdentity(settle(row)))
  }
}
