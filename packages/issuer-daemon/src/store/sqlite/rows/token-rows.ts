import type { DatabaseSync } from 'node:sqlite'
import type { Instant } from '@mayfly/ca-core'
import { hexToBlob } from '../../columns/blob.ts'
import { toToken } from '../../columns/token-columns.ts'
import type { TokenPage } from '../../store.ts'
import type { NewToken, TokenRecord } from '../../token-record.ts'

/** The table `token`. */
export class TokenRows {
  readonly #insert
  readonly #use
  readonly #revoke
  readonly #byJti
  readonly #page

  constructor(database: DatabaseSync) {
    this.#insert = database.prepare(
      'INSERT INTO token (jti, identity, created_at, expires_at) VALUES (?, ?, ?, ?)',
    )
    this.#use = database.prepare(
      `UPDATE token SET used_at = coalesce(used_at, :at), used_key = :key
       WHERE jti = :jti AND revoked_at IS NULL AND (used_key IS NULL OR used_key = :key)`,
    )
    this.#revoke = database.prepare('UPDATE token SET revoked_at = coalesce(revoked_at, ?) WHERE jti = ?')
    this.#byJti = database.prepare('SELECT * FROM token WHERE jti = ?')
    this.#page = database.prepare(
      'SELECT * FROM token WHERE (created_at, jti) < (?, ?) ORDER BY created_at DESC, jti DESC LIMIT +?',
    )
  }

  add({ jti, identity, createdAt, expiresAt }: NewToken): void {
    this.#insert.run(jti, identity, createdAt, expiresAt)
  }

  /** Whether it may be used for this key. */
  use({ jti, keyHash, at }: { jti: string; keyHash: string; at: Instant }): boolean {
    return this.#use.run({ jti, key: hexToBlob(keyHash), at }).changes === 1
  }

  /** Whether there is such a token. */
  revoke({ jti, at }: { jti: string; at: Instant }): boolean {
    return this.#revoke.run(at, jti).changes === 1
  }

  find(jti: string): TokenRecord | undefined {
    const row = this.#byJti.get(jti)
    return row === undefined ? undefined : toToken(row)
  }

  page({ before, limit }: TokenPage): TokenRecord[] {
    return this.#page.all(before?.createdAt ?? Number.MAX_SAFE_INTEGER, before?.jti ?? '', limit).map(toToken)
  }
}
