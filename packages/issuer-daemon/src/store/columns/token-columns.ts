import type { TokenRecord } from '../token-record.ts'
import { blobToHex } from './blob.ts'
import type { Row } from './row.ts'

/** A row of the table `token` as its record. */
export function toToken(row: Row): TokenRecord {
  return {
    jti: row.jti as string,
    identity: row.identity as string,
    createdAt: row.created_at as number,
    expiresAt: row.expires_at as number,
    ...(row.revoked_at !== null && { revokedAt: row.revoked_at as number }),
    ...(row.used_at !== null && {
      use: { at: row.used_at as number, keyHash: blobToHex(row.used_key as Uint8Array) },
    }),
  }
}
