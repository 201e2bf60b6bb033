import type { DatabaseSync } from 'node:sqlite'
import type { PruneBounds } from '../store.ts'
import type { AuditRows } from './audit-rows.ts'

/**
 * Removes what is no longer needed, at most `limit` rows of each kind.
 *
 * Certificates with which an identity may still ask are kept for longer: those from the head of its
 * current lineage upwards.
 */
export function prune(database: DatabaseSync, audit: AuditRows, bounds: PruneBounds): number {
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
  return (
    Number(certificates.changes) +
    Number(nonces.changes) +
    Number(tokens.changes) +
    forgetAudit(database, audit, bounds)
  )
}

/** In one transaction: an anchor without its predecessors' end would look like a broken chain. */
function forgetAudit(database: DatabaseSync, audit: AuditRows, { auditThrough, limit }: PruneBounds): number {
  if (auditThrough === undefined) return 0
  database.exec('BEGIN IMMEDIATE')
  try {
    const forgotten = audit.forget(auditThrough, limit)
    database.exec('COMMIT')
    return forgotten
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}
