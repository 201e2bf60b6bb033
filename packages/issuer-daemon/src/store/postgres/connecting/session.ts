import type { ClientBase } from 'pg'
import type { Row } from '../../columns/row.ts'

/** One connection to the database, as the store uses it. */
export interface Session {
  read(statement: string, values?: readonly unknown[]): Promise<Row[]>
  /** How many rows it wrote. */
  write(statement: string, values?: readonly unknown[]): Promise<number>
}

/**
 * Begins a transaction whose every statement sees what was committed before it, whatever the database's default:
 * so what is read behind a lock is true for as long as the lock is held.
 */
export const begin = 'BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE'

export function sessionOf(client: ClientBase): Session {
  return {
    async read(statement, values = []) {
      return (await client.query<Row>(statement, [...values])).rows
    },
    async write(statement, values = []) {
      return (await client.query(statement, [...values])).rowCount ?? 0
    },
  }
}
