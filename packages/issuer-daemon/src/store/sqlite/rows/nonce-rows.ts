import type { DatabaseSync } from 'node:sqlite'
import type { NonceRowPart } from '../writing/row-change.ts'

/** The table `nonce`. */
export class NonceRows {
  readonly #insert

  constructor(database: DatabaseSync) {
    this.#insert = database.prepare(
      'INSERT INTO nonce (nonce, expires_at) VALUES (?, ?) ON CONFLICT DO NOTHING',
    )
  }

  /** Whether it was not known yet. */
  remember({ nonce, expiresAt }: NonceRowPart): boolean {
    return this.#insert.run(nonce, Math.ceil(expiresAt)).changes === 1
  }
}
