import type { DatabaseSync } from 'node:sqlite'
import type { Instant } from '@mayfly/ca-core'
import { hexToBlob } from '../../columns/blob.ts'

/** The table `nonce`. */
export class NonceRows {
  readonly #insert

  constructor(database: DatabaseSync) {
    this.#insert = database.prepare(
      'INSERT INTO nonce (nonce, expires_at) VALUES (?, ?) ON CONFLICT DO NOTHING',
    )
  }

  /** Whether it was not known yet. */
  remember({ nonce, expiresAt }: { nonce: string; expiresAt: Instant }): boolean {
    return this.#insert.run(hexToBlob(nonce), Math.ceil(expiresAt)).changes === 1
  }
}
