import type { PruneBounds } from '../store.ts'
import { forgetAudit } from './audit.ts'
import { begin, type Session } from './connecting/session.ts'

/** Writers that ended without a word are forgotten after this; none waits that long for a transaction. */
const writerDaysMax = 30

/**
 * Removes what is no longer needed, at most `limit` rows of each kind: the same rows as the SQLite store. What
 * another issuer removes at the same time is left to it.
 */
export async function prune(session: Session, bounds: PruneBounds): Promise<number> {
  const { noncesBefore, tokensBefore, auditBefore, limit } = bounds
  const certificates = await forgetCertificates(session, bounds)
  const nonces = await session.write(deleteOldest('nonce', 'nonce'), [Math.ceil(noncesBefore), limit])
  const tokens = await session.write(deleteOldest('token', 'jti'), [Math.ceil(tokensBefore), limit])
  await session.write('DELETE FROM writer WHERE seen_at < now() - make_interval(days => $1)', [writerDaysMax])
  const segments = auditBefore === undefined ? 0 : await forgetAudit(session, auditBefore, limit)
  return certificates + nonces + tokens + segments
}

async function forgetCertificates(
  session: Session,
  { expiredBefore, recoverableBefore, limit }: PruneBounds,
): Promise<number> {
  await session.write(begin)
  await session.read('SELECT 1 FROM head FOR UPDATE')
  const certificates = await session.write(
    `DELETE FROM certificate WHERE issuance_id IN (
       SELECT certificate.issuance_id FROM certificate
         JOIN issuance ON issuance.id = certificate.issuance_id
         JOIN identity ON identity.id = issuance.identity_id
       WHERE certificate.not_after < $1
         AND (certificate.not_after < $2 OR identity.lineage IS NULL
           OR issuance.lineage < identity.lineage OR issuance.generation < identity.head_generation)
       ORDER BY certificate.not_after LIMIT $3)`,
    [Math.ceil(expiredBefore), Math.ceil(Math.min(expiredBefore, recoverableBefore)), limit],
  )
  await session.write('UPDATE head SET certificates = certificates - $1', [certificates])
  await session.write('COMMIT')
  return certificates
}

function deleteOldest(table: 'nonce' | 'token', key: string): string {
  return `DELETE FROM ${table} WHERE ${key} IN (
    SELECT ${key} FROM ${table} WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)`
}
