import type { DatabaseSync } from 'node:sqlite'
import type { PruneBounds } from '../store.ts'
import { inTransaction } from './in-transaction.ts'
import type { AuditRows } from './rows/audit-rows.ts'

/** Removes what is no longer needed. A look that finds nothing to remove reads one entry of each index and writes nothing. */
export class Pruning {
  readonly #database
  readonly #audit
  readonly #look
  readonly #forgetCertificates
  readonly #countCertificates
  readonly #forgetNonces
  readonly #forgetTokens

  constructor(database: DatabaseSync, audit: AuditRows) {
    this.#database = database
    this.#audit = audit
    this.#look = database.prepare(
      `SELECT EXISTS (SELECT 1 FROM certificate WHERE not_after < :expiredBefore) AS certificates,
         EXISTS (SELECT 1 FROM nonce WHERE expires_at < :noncesBefore) AS nonces,
         EXISTS (SELECT 1 FROM token WHERE expires_at < :tokensBefore) AS tokens`,
    )
    // Certificates with which an identity may still ask are kept for longer: those from the head of its current
    // lineage upwards.
    this.#forgetCertificates = database.prepare(
      `DELETE FROM certificate WHERE issuance_id IN (
         SELECT certificate.issuance_id FROM certificate
           JOIN issuance ON issuance.id = certificate.issuance_id
           JOIN identity ON identity.id = issuance.identity_id
         WHERE certificate.not_after < :expiredBefore
           AND (certificate.not_after < :recoverableBefore OR identity.lineage IS NULL
             OR issuance.lineage < identity.lineage OR issuance.generation < identity.head_generation)
         ORDER BY certificate.not_after LIMIT +:limit)`,
    )
    this.#countCertificates = database.prepare('UPDATE head SET certificates = certificates - ? WHERE id = 1')
    this.#forgetNonces = database.prepare(
      'DELETE FROM nonce WHERE nonce IN (SELECT nonce FROM nonce WHERE expires_at < ? ORDER BY expires_at LIMIT +?)',
    )
    this.#forgetTokens = database.prepare(
      'DELETE FROM token WHERE jti IN (SELECT jti FROM token WHERE expires_at < ? ORDER BY expires_at LIMIT +?)',
    )
  }

  /** Removes at most `limit` rows of each kind, and tells how many that were. */
  prune(bounds: PruneBounds): number {
    const { expiredBefore, noncesBefore, tokensBefore, auditBefore, limit } = bounds
    const old = this.#look.get({ expiredBefore, noncesBefore, tokensBefore })
    let removed = 0
    if (old?.certificates === 1) removed += this.#pruneCertificates(bounds)
    if (old?.nonces === 1) removed += Number(this.#forgetNonces.run(noncesBefore, limit).changes)
    if (old?.tokens === 1) removed += Number(this.#forgetTokens.run(tokensBefore, limit).changes)
    if (auditBefore !== undefined && this.#audit.isOlder(auditBefore)) {
      removed += inTransaction(this.#database, () => this.#audit.forget(auditBefore, limit))
    }
    return removed
  }

  #pruneCertificates({ expiredBefore, recoverableBefore, limit }: PruneBounds): number {
    return inTransaction(this.#database, () => {
      const bounds = { expiredBefore, recoverableBefore: Math.min(expiredBefore, recoverableBefore), limit }
      const changes = Number(this.#forgetCertificates.run(bounds).changes)
      if (changes > 0) this.#countCertificates.run(changes)
      return changes
    })
  }
}
