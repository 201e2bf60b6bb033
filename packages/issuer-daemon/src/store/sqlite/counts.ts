import type { DatabaseSync } from 'node:sqlite'
import type { Instant } from '@mayfly/ca-core'
import type { StoreCounts } from '../store.ts'
import type { Head } from './rows/head-row.ts'

/** Entries of an index that holds nothing else, each; what grows for ever is in `head`. */
const queries = {
  suspended: 'SELECT count(*) AS n FROM identity WHERE suspended_at IS NOT NULL',
  staged: 'SELECT count(*) AS n FROM identity WHERE mint_at IS NOT NULL',
  overdue: 'SELECT count(*) AS n FROM identity WHERE mint_at IS NOT NULL AND mint_at < :now',
  openTokens:
    'SELECT count(*) AS n FROM token WHERE expires_at > :now AND revoked_at IS NULL AND used_at IS NULL',
} as const satisfies Partial<Record<keyof StoreCounts, string>>

type Counted = keyof typeof queries

/** For status and metrics, not for requests. */
export function countRows(
  database: DatabaseSync,
  { audit, newest, ...totals }: Head,
  now: Instant,
): StoreCounts {
  const counted = Object.entries(queries).map(([what, query]) => {
    const statement = database.prepare(query)
    const row = query.includes(':now') ? statement.get({ now }) : statement.get()
    return [what, Number(row?.n)] as const
  })
  return {
    ...totals,
    auditRecords: audit.number,
    ...(Object.fromEntries(counted) as Record<Counted, number>),
    ...(newest !== undefined && { newestInstant: newest }),
  }
}
