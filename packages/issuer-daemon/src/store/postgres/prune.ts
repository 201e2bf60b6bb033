import type { PruneBounds } from '../store.ts'
import { begin, type Session } from './session.ts'

/** Writers that ended without a word are forgotten after this; none waits that long for a transaction. */
const writerDaysMax = 30

/**
 * Removes what is no longer needed, at most `limit` rows of each kind: the same rows as the SQLite store. What
 * another issuer removes at the same time is left to it.
 */
export async function prune(session: Session, bounds: PruneBounds): Promise<number> {
  const { noncesBefore, tokensBefore, limit } = bounds
  const certificates = await forgetCertificates(session, bounds)
  const nonces = await session.write(deleteOldest('nonce', 'nonce'), [Math.ceil(noncesBefore), limit])
  const tokens = await session.write(deleteOldest('token', 'jti'), [Math.ceil(tokensBefore), limit])
  await session.write('DELETE FROM writer WHERE seen_at < now() - make_interval(days => $1)', [writerDaysMax])
  return certificates + nonces + tokens + (await forgetAudit(session, bounds))
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

/** The last record that goes stays as an anchor without its text; the lock keeps two issuers from it at once. */
async function forgetAudit(session: Session, { auditThrough, limit }: PruneBounds): Promise<number> {
  if (auditThrough === undefined) return 0
  await session.write(begin)
  const [row] = await session.read(
    `SELECT audit_number AS last, (SELECT min(number) FROM audit) AS first FROM head FOR UPDATE OF head`,
  )
  const { first, last } = row as { readonly first: number | null; readonly last: number }
  const anchor = Math.min(auditThrough, (first ?? 0) + limit, last)
  let forgotten = 0
  if (first !== null && anchor > first) {
    await session.write("UPDATE audit SET text = '' WHERE number = $1", [anchor])
    forgotten = await session.write('DELETE FROM audit WHERE number < $1', [anchor])
  }
  await session.write('COMMIT')
  return forgotten
}

function deleteOldest(table: 'nonce' | 'token', key: string): string {
  return `DELETE FROM ${table} WHERE ${key} IN (
    SELECT ${key} FROM ${table} WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)`
}
