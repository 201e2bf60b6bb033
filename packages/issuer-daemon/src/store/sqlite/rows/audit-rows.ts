import type { DatabaseSync } from 'node:sqlite'
import type { Instant } from '@mayfly/ca-core'
import {
  type AuditLink,
  auditChainOrigin,
  type ChainedAuditRecord,
  chainTexts,
} from '../../../audit/audit-chain.ts'
import {
  auditSegmentRecordsMax,
  isSegmentReady,
  planSegment,
  readSegment,
} from '../../../audit/audit-segment.ts'
import { RecentRecords } from '../../../audit/recent-records.ts'
import type { Row } from '../../columns/row.ts'

/**
 * The tables `audit` and `audit_segment`: one chain, its old part packed. A segment without its records is where the
 * chain begins that is kept.
 */
export class AuditRows {
  readonly #insert
  readonly #page
  readonly #removeThrough
  readonly #oldest
  readonly #text
  readonly #insertSegment
  readonly #packed
  readonly #endAfter
  readonly #linkThrough
  readonly #endsAfter
  readonly #becomeAnchor
  readonly #removeSegmentsBefore
  readonly #recent = new RecentRecords()
  /** The oldest record that is not packed, as it was seen: only here is one taken away. */
  #oldestLive: { readonly number: number; readonly text: string } | undefined

  constructor(database: DatabaseSync) {
    this.#insert = database.prepare('INSERT INTO audit (number, hash, text) VALUES (?, ?, ?)')
    this.#page = database.prepare(
      'SELECT number, hash, text FROM audit WHERE number > ? ORDER BY number LIMIT +?',
    )
    this.#removeThrough = database.prepare('DELETE FROM audit WHERE number <= ?')
    this.#oldest = database.prepare('SELECT number, text FROM audit WHERE number > 0 ORDER BY number LIMIT 1')
    this.#text = database.prepare('SELECT text FROM audit WHERE number = ?')
    this.#insertSegment = database.prepare(
      'INSERT INTO audit_segment (number, hash, last_at, packed) VALUES (?, ?, ?, ?)',
    )
    this.#packed = database.prepare('SELECT packed FROM audit_segment WHERE number = ?')
    this.#endAfter = database.prepare(
      'SELECT number, hash, packed IS NULL AS is_anchor FROM audit_segment WHERE number > ? ORDER BY number LIMIT 1',
    )
    this.#linkThrough = database.prepare(
      'SELECT number, hash FROM audit_segment WHERE number <= ? ORDER BY number DESC LIMIT 1',
    )
    this.#endsAfter = database.prepare(
      'SELECT number, last_at FROM audit_segment WHERE number > ? AND packed IS NOT NULL ORDER BY number LIMIT 1',
    )
    this.#becomeAnchor = database.prepare('UPDATE audit_segment SET packed = NULL WHERE number = ?')
    this.#removeSegmentsBefore = database.prepare('DELETE FROM audit_segment WHERE number < ?')
  }

  /** Chains records, as their texts, behind the end, and gives the end after them. */
  append(end: AuditLink, texts: readonly string[]): AuditLink {
    const chained = chainTexts(end, texts)
    for (const { number, hash, text } of chained) this.#insert.run(number, hash, text)
    const { number, hash } = chained.at(-1) ?? end
    return { number, hash }
  }

  /** Whether it may be time to pack, by a look at the two records that decide it. */
  isReady(now: Instant): boolean {
    const oldest = this.#lookForOldest()
    if (oldest === undefined) return false
    const full = this.#text.get(oldest.number + auditSegmentRecordsMax - 1)
    return isSegmentReady({ first: oldest.text, full: full?.text as string | undefined }, now)
  }

  #lookForOldest(): { readonly number: number; readonly text: string } | undefined {
    if (this.#oldestLive === undefined) {
      const row = this.#oldest.get()
      if (row === undefined) return undefined
      this.#oldestLive = { number: row.number as number, text: row.text as string }
    }
    return this.#oldestLive
  }

  /** Packs the oldest records into one segment if it is their time, and tells how many. */
  pack(now: Instant): number {
    this.#oldestLive = undefined
    const oldest = this.#live(0, auditSegmentRecordsMax)
    const previous = this.#link(Number.MAX_SAFE_INTEGER)
    const segment = planSegment(previous, oldest, now)
    if (segment === undefined) return 0
    const { number, hash, lastAt, packed } = segment
    this.#insertSegment.run(number, hash, lastAt, packed)
    // Hosts report ends that they were given hours ago: of those that lie in it none is to unpack it again.
    this.#recent.segment(segment, () => oldest.filter((record) => record.number <= number))
    return Number(this.#removeThrough.run(number).changes)
  }

  /** Whether a segment ended before that has its records. */
  isOlder(before: Instant): boolean {
    const row = this.#endsAfter.get(0)
    return row !== undefined && (row.last_at as number) < before
  }

  /** Removes the records of at most `limit` segments that ended before, and tells how many segments. */
  forget(before: Instant, limit: number): number {
    let anchor = 0
    let forgotten = 0
    for (; forgotten < limit; forgotten++) {
      const row = this.#endsAfter.get(anchor)
      if (row === undefined || (row.last_at as number) >= before) break
      anchor = row.number as number
    }
    if (forgotten === 0) return 0
    this.#becomeAnchor.run(anchor)
    this.#removeSegmentsBefore.run(anchor)
    return forgotten
  }

  page(page: { afterNumber: number; limit: number }): readonly ChainedAuditRecord[] {
    // Whoever reads pages verifies or exports: what is on disk counts then, and not what was there a while ago.
    return page.limit === 1 ? this.#one(page.afterNumber) : this.#many(page, (row) => this.#unpack(row))
  }

  /** With each request a host reports an end that it holds: that must not unpack a segment each time. */
  #one(afterNumber: number): readonly ChainedAuditRecord[] {
    const oldest = this.#lookForOldest()
    if (oldest !== undefined && afterNumber + 1 >= oldest.number) return this.#live(afterNumber, 1)
    const row = this.#endAfter.get(afterNumber)
    if (row === undefined) return this.#live(afterNumber, 1)
    if (row.is_anchor === 1) return this.#unpack(row)
    const end = toLink(row)
    const records = this.#recent.recordAfter(afterNumber, end) ?? this.#oneOf(row, afterNumber)
    this.#recent.rememberAfter(afterNumber, end, records)
    return records
  }

  /** Of a segment that ends after the number. */
  #oneOf(row: Row, afterNumber: number): readonly ChainedAuditRecord[] {
    const segment = this.#recent.segment(toLink(row), () => this.#unpack(row))
    const start = Math.max(0, afterNumber + 1 - (segment[0]?.number ?? 0))
    return segment.slice(start, start + 1)
  }

  #many(
    { afterNumber, limit }: { afterNumber: number; limit: number },
    unpack: (row: Row) => readonly ChainedAuditRecord[],
  ): ChainedAuditRecord[] {
    const records: ChainedAuditRecord[] = []
    let after = afterNumber
    while (records.length < limit) {
      const row = this.#endAfter.get(after)
      if (row === undefined) return [...records, ...this.#live(after, limit - records.length)]
      const isAfter = ({ number }: ChainedAuditRecord): boolean => number > after
      records.push(...unpack(row).filter(isAfter))
      after = row.number as number
    }
    return records.slice(0, limit)
  }

  #live(afterNumber: number, limit: number): ChainedAuditRecord[] {
    return this.#page.all(afterNumber, limit).map((row) => ({ ...toLink(row), text: row.text as string }))
  }

  #unpack(row: Row): readonly ChainedAuditRecord[] {
    const end = toLink(row)
    if (row.is_anchor === 1) return [{ ...end, text: '' }]
    const packed = this.#packed.get(end.number)?.packed as Uint8Array
    return readSegment({ ...end, packed }, this.#link(end.number - 1).hash)
  }

  /** Where the segments end that end with this number at most. */
  #link(through: number): AuditLink {
    const row = this.#linkThrough.get(through)
    return row === undefined ? auditChainOrigin : toLink(row)
  }
}

function toLink(row: Row): AuditLink {
  return { number: row.number as number, hash: row.hash as Uint8Array }
}
