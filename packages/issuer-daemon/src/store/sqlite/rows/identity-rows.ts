import type { DatabaseSync } from 'node:sqlite'
import { dueColumns, toDueIdentity } from '../../columns/due-columns.ts'
import { movedColumns, toIdentity } from '../../columns/identity-columns.ts'
import type { DueIdentity, IdentityRecord, NewIdentity } from '../../identity-record.ts'
import type { DuePage, IdentityPage } from '../../store.ts'
import { isConstraintViolation } from '../store-error.ts'
import type { MovedRowPart } from '../writing/row-change.ts'

/** The table `identity`. */
export class IdentityRows {
  readonly #insert
  readonly #move
  readonly #byName
  readonly #byId
  readonly #page
  readonly #suspendedPage
  readonly #due

  constructor(database: DatabaseSync) {
    this.#insert = database.prepare(
      `INSERT INTO identity (version, name, profile, names, created_at, lineages_begun, quota_day, quota_count)
       VALUES (1, ?, ?, ?, ?, 0, 0, 0)`,
    )
    // By their places: to find each of so many by its name takes longer than the update.
    this.#move = database.prepare(
      `UPDATE identity SET version = version + 1, ${movedColumns.map((column) => `${column} = ?`).join(', ')}
       WHERE id = ? AND version = ?`,
    )
    this.#byName = database.prepare('SELECT * FROM identity WHERE name = ?')
    this.#byId = database.prepare('SELECT * FROM identity WHERE id = ?')
    this.#page = database.prepare('SELECT * FROM identity WHERE name > ? ORDER BY name LIMIT +?')
    this.#suspendedPage = database.prepare(
      'SELECT * FROM identity WHERE name > ? AND suspended_at IS NOT NULL ORDER BY name LIMIT +?',
    )
    this.#due = database.prepare(
      `SELECT ${dueColumns.join()} FROM identity WHERE mint_at IS NOT NULL AND mint_at <= ? AND (mint_at, id) > (?, ?)
       ORDER BY mint_at, id LIMIT +?`,
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
    return this.#move.run(...values, id, version).changes === 1
  }

  find(by: { readonly name: string } | { readonly id: number }): IdentityRecord | undefined {
    const row = 'id' in by ? this.#byId.get(by.id) : this.#byName.get(by.name)
    return row === undefined ? undefined : toIdentity(row)
  }

  page({ afterName = '', limit, suspended = false }: IdentityPage): IdentityRecord[] {
    return (suspended ? this.#suspendedPage : this.#page).all(afterName, limit).map(toIdentity)
  }

  due({ until, after, limit }: DuePage): DueIdentity[] {
    return this.#due
      .all(until, after?.mintAt ?? Number.MIN_SAFE_INTEGER, after?.id ?? 0, limit)
      .map(toDueIdentity)
  }
}
