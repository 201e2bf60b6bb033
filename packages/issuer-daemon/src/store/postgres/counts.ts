import type { Instant } from '@mayfly/ca-core'
import type { StoreCounts } from '../store.ts'
import type { Session } from './connecting/session.ts'

const columns = {
  identities: 'SELECT identities FROM head',
  suspended: 'SELECT count(*) FROM identity WHERE suspended_at IS NOT NULL',
  staged: 'SELECT count(*) FROM identity WHERE mint_at IS NOT NULL',
  overdue: 'SELECT count(*) FROM identity WHERE mint_at IS NOT NULL AND mint_at < $1',
  certificates: 'SELECT certificates FROM head',
  issued: 'SELECT issued FROM head',
  burnt: 'SELECT burnt FROM head',
  openTokens: 'SELECT count(*) FROM token WHERE expires_at > $1 AND revoked_at IS NULL AND used_at IS NULL',
  auditRecords: 'SELECT audit_number FROM head',
  newestInstant: 'SELECT newest_instant FROM head',
} as const satisfies Record<keyof StoreCounts, string>

const statement = `SELECT ${Object.entries(columns)
  .map(([name, query]) => `(${query}) AS "${name}"`)
  .join(', ')}`

/** All counts in one statement, and so of one moment. */
export async function countRows(session: Session, now: Instant): Promise<StoreCounts> {
  const [row] = await session.read(statement, [Math.floor(now)])
  const { newestInstant, ...counts } = row as unknown as StoreCounts & { newestInstant: Instant | null }
  return newestInstant === null ? counts : { ...counts, newestInstant }
}
