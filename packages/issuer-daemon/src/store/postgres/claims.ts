import { dueColumns, toDueIdentity } from '../columns/due-columns.ts'
import type { DueIdentity } from '../identity-record.ts'
import type { DuePage } from '../store.ts'
import type { Session } from './connecting/session.ts'
import type { WriterId } from './writer.ts'

export interface Claimant {
  readonly writer: WriterId
  /** After so long what it has in hand is free for others. */
  readonly leaseSeconds: number
}

/**
 * Takes due identities that no other issuer has in hand, and passes over those that one is writing just now: the
 * next sweep finds them. Times are those of the database, whatever the issuers' clocks say. A claim keeps two
 * issuers from doing the same work; that a key gets one certificate is seen to by the guards of the changes.
 */
export async function claimDue(
  session: Session,
  { until, after, limit }: DuePage,
  { writer, leaseSeconds }: Claimant,
): Promise<DueIdentity[]> {
  const rows = await session.read(
    `WITH due AS MATERIALIZED (
       SELECT id FROM identity
       WHERE mint_at IS NOT NULL AND mint_at <= $1 AND (mint_at, id) > ($2, $3)
         AND (claimed_until IS NULL OR claimed_until <= clock_timestamp() OR claimed_by = $5)
       ORDER BY mint_at, id LIMIT $4 FOR UPDATE SKIP LOCKED)
     UPDATE identity
       SET claimed_by = $5, claimed_until = clock_timestamp() + make_interval(secs => $6)
       FROM due WHERE identity.id = due.id
     RETURNING ${dueColumns.map((column) => `identity.${column}`).join()}`,
    [
      Math.floor(until),
      after?.mintAt ?? Number.MIN_SAFE_INTEGER,
      after?.id ?? 0,
      limit,
      writer,
      leaseSeconds,
    ],
  )
  return rows.map(toDueIdentity).sort(byTime)
}

function byTime(one: DueIdentity, other: DueIdentity): number {
  return one.staged.mintAt - other.staged.mintAt || one.id - other.id
}
