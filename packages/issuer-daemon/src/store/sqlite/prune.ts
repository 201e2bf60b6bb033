import type { DatabaseSync } from 'node:sqlite'
import type { PruneBounds } from '../store.ts'

/**
 * Removes what is no longer needed, at most `limit` rows of each kind.
 *
 * Certificates with which an identity may still ask are kept for longer: those from the head of its
 * current lineage upwards.
 */
export function prune(database: DatabaseSync, bounds: PruneBounds): number {
  const { expiredBefore, recoverableBefore, noncesBefore, tokensBefore, limit } = bounds
  const certificates = database
    .prepare(
      `DELETE FROM certificate WHERE issuance_id IN (
         SELECT certificate.issuance_id FROM certificate
           JOIN issuance ON issuance.id = certificate.issuance_id
           JOIN identity ON identity.id = issuance.identity_id
         WHERE certificate.not_after < :expiredBefore
           AND (certificate.not_after < :recoverableBefore OR identity.lineage IS NULL
             OR issuance.lineage < identity.lineage OR issuance.generation < identity.head_generation)
         ORDER BY certificate.not_after LIMIT :limit)`,
    )
    .run({ expiredBefore, recoverableBefore: Math.min(expiredBefore, recoverableBefore), limit })
  const nonces = database
    .prepare(
      'DELETE FROM nonce WHERE nonce IN (SELECT nonce FROM nonce WHERE expires_at < ? ORDER BY expires_at LIMIT ?)',
    )
    .run(noncesBefore, limit)
  const tokens = database
    .prepare(
      'DELETE FROM token WHERE jti IN (SELECT jti FROM token WHERE expires_at < ? ORDER BY expires_at LIMIT ?)',
    )
    .run(tokensBefore, limit)
  return Number(certificates.changes) + Number(nonces.changes) + Number(tokens.changes)
}
