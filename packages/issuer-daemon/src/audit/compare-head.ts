import { type AuditHead, addSeconds, dayMs, type Instant } from '@mayfly/ca-core'
import type { AuditLink } from './audit-chain.ts'

/** The least that records are kept for: a head that a host still reports is never older. */
export const auditRetentionSecondsMin: number = 30 * 86_400

/** A head is signed within a day after its record: the issuer's own certificate alone makes one a day. */
const signedAfterMsMax = dayMs

/** What the store says about the place of a head. */
export interface HeadEvidence {
  /** The record with the head's number, or else the first one after it, pruned ones left out. */
  readonly found?: AuditLink
}

export type HeadComparison =
  | { readonly holds: true }
  /** Its record was pruned long ago. */
  | { readonly holds: 'unknown' }
  | { readonly holds: false; readonly because: 'rewritten' | 'shortened' }

/** Whether the history still has the end that it had when `head` was signed. */
export function compareHead(
  head: Pick<AuditHead, 'number' | 'hash' | 'at'>,
  { found }: HeadEvidence,
  now: Instant,
): HeadComparison {
  if (found === undefined) return { holds: false, because: 'shortened' }
  if (found.number === head.number) {
    const isSame = Buffer.from(found.hash).toString('hex') === head.hash
    return isSame ? { holds: true } : { holds: false, because: 'rewritten' }
  }
  const prunableBefore = addSeconds(now, -auditRetentionSecondsMin) + signedAfterMsMax
  return head.at < prunableBefore ? { holds: 'unknown' } : { holds: false, because: 'shortened' }
}
