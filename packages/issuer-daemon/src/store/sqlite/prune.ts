import type { DatabaseSync } from 'node:sqlite'
import type { Instant } from '@mayfly/ca-core'
import type { PruneBounds } from '../store.ts'
import type { AuditRows } from './audit-rows.ts'
import { inTransaction } from './in-transaction.ts'
import type { Tables } from './open-tables.ts'

/**
 * Removes what is no longer needed, at most `limit` rows of each kind.
 *
 * Certificates with which an identity may still ask are kept for longer: those from the head of its
 * current lineage upwards.
 */
export function prune(database: DatabaseSync, { audit }: Pick<Tables, 'audit'>, bounds: PruneBounds): number {
  const { noncesBefore, tokensBefore, limit } = bounds
  const certificates = inTransaction(database, () => forgetCertificates(database, bounds))

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
    certificates +
    Number(nonces.changes) +
    Number(tokens.changes) +
    inTransaction(database, () => forgetAudit(audit, bounds))
  )
}

function forgetCertificates(
  database: DatabaseSync,
  { expiredBefore, recoverableBefore, limit }: PruneBounds,
): number {
  const { changes } = database
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
  database.prepare('UPDATE head SET certificates = certificates - ? WHERE id = 1').run(changes)
  return Number(changes)
}

function forgetAudit(audit: AuditRows, { auditBefore, limit }: PruneBounds): number {
  return auditBefore === undefined ? 0 : audit.forget(auditBefore, limit)
}

/** Packs the oldest records of the audit if it is their time: the segment comes as they go. */
export function packAudit(database: DatabaseSync, { audit }: Pick<Tables, 'audit'>, now: Instant): number {
  return inTransaction(database, () => audit.pack(now))
}
