import type { DatabaseSync } from 'node:sqlite'
import type { Instant } from '@mayfly/ca-core'
import type { StoreCounts } from '../store.ts'

type Counted = Exclude<keyof StoreCounts, 'newestInstant'>

/** Counts by index or by the last row number where there is one; called for status, not for requests. */
const queries = {
  identities: 'SELECT count(*) AS n FROM identity',
  suspended: 'SELECT count(*) AS n FROM identity WHERE suspended_at IS NOT NULL',
  staged: 'SELECT count(*) AS n FROM identity WHERE mint_at IS NOT NULL',
  overdue: 'SELECT count(*) AS n FROM identity WHERE mint_at IS NOT NULL AND mint_at < :now',
  certificates: 'SELECT count(*) AS n FROM certificate',
  // Lines of the log are never removed, so their numbers have no gaps.
  issued: `SELECT coalesce(max(id), 0) - (SELECT count(*) FROM issuance WHERE state = 2)
    - (SELECT count(*) FROM issuance WHERE state = 0) AS n FROM issuance`,
  burnt: 'SELECT count(*) AS n FROM issuance WHERE state = 2',
  openTokens:
    'SELECT count(*) AS n FROM token WHERE expires_at > :now AND revoked_at IS NULL AND used_at IS NULL',
  auditRecords: 'SELECT coalesce(max(number), 0) AS n FROM audit',
} as const satisfies Record<Counted, string>

export function countRows(database: DatabaseSync, now: Instant): Record<Counted, number> {
  const counted = Object.entries(queries).map(([what, query]) => {
    const statement = database.prepare(query)
    const row = query.includes(':now') ? statement.get({ now }) : statement.get()
    return [what, Number(row?.n)] as const
  })
  return Object.fromEntries(counted) as Record<Counted, number>
}
