import type { Instant } from '@mayfly/ca-core'
import { type AuditLink, auditChainOrigin, type ChainedAuditRecord } from '../../audit/audit-chain.ts'
import { auditSegmentRecordsMax, planSegment, readSegment } from '../../audit/audit-segment.ts'
import type { RecentRecords } from '../../audit/recent-records.ts'
import type { Row } from '../columns/row.ts'
import { begin, type Session } from './connecting/session.ts'

/** Its statements see one moment: what another issuer packs meanwhile is in one of the tables, and not in none. */
const beginReading = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'

/** A page of the audit. */
export async function readAuditPage(
  session: Session,
  page: { readonly afterNumber: number; readonly limit: number },
  recent: RecentRecords,
): Promise<readonly ChainedAuditRecord[]> {
  // Whoever reads pages verifies or exports: what is in the database counts then, and not what was there a while ago.
  if (page.limit !== 1) return readMany(session, page, undefined)
  // With each request a host reports an end that it holds: that must not unpack a segment each time.
  const [row] = await session.read(
    'SELECT number, hash FROM audit_segment WHERE number > $1 ORDER BY number LIMIT 1',
    [page.afterNumber],
  )
  if (row === undefined) return readMany(session, page, recent)
  const end = toLink(row)
  const records = recent.recordAfter(page.afterNumber, end) ?? (await readMany(session, page, recent))
  recent.rememberAfter(page.afterNumber, end, records)
  return records
}

/** Packed records first, then those that are not. */
async function readMany(
  session: Session,
  { afterNumber, limit }: { readonly afterNumber: number; readonly limit: number },
  recent: RecentRecords | undefined,
): Promise<ChainedAuditRecord[]> {
  await session.write(beginReading)
  const records: ChainedAuditRecord[] = []
  let after = afterNumber
  while (records.length < limit) {
    const [row] = await session.read(
      'SELECT * FROM audit_segment WHERE number > $1 ORDER BY number LIMIT 1',
      [after],
    )
    if (row === undefined) {
      records.push(...(await readLive(session, after, limit - records.length)))
      break
    }
    const isAfter = ({ number }: ChainedAuditRecord): boolean => number > after
    records.push(...(await unpack(session, row, recent)).filter(isAfter))
    after = row.number as number
  }
  await session.write('COMMIT')
  return records.slice(0, limit)
}

/** Packs the oldest records into one segment if it is their time, and tells how many. One issuer at a time. */
export async function packAudit(session: Session, now: Instant): Promise<number> {
  await session.write(begin)
  await session.read('SELECT 1 FROM head FOR UPDATE')
  const oldest = await readLive(session, 0, auditSegmentRecordsMax)
  const segment = planSegment(await readLink(session, Number.MAX_SAFE_INTEGER), oldest, now)
  let packed = 0
  if (segment !== undefined) {
    const { number } = segment
    await session.write('INSERT INTO audit_segment (number, hash, last_at, packed) VALUES ($1, $2, $3, $4)', [
      number,
      segment.hash,
      segment.lastAt,
      segment.packed,
    ])
    packed = await session.write('DELETE FROM audit WHERE number <= $1', [number])
  }
  await session.write('COMMIT')
  return packed
}

/** Removes the records of at most `limit` segments that ended before, and tells how many segments. */
export async function forgetAudit(session: Session, before: Instant, limit: number): Promise<number> {
  await session.write(begin)
  await session.read('SELECT 1 FROM head FOR UPDATE')
  const segments = await session.read(
    'SELECT number, last_at FROM audit_segment WHERE packed IS NOT NULL ORDER BY number LIMIT $1',
    [limit],
  )
  const young = segments.findIndex((row) => (row.last_at as number) >= before)
  const old = young === -1 ? segments : segments.slice(0, young)
  const anchor = old.at(-1)
  if (anchor !== undefined) {
    await session.write('UPDATE audit_segment SET packed = NULL WHERE number = $1', [anchor.number])
    await session.write('DELETE FROM audit_segment WHERE number < $1', [anchor.number])
  }
  await session.write('COMMIT')
  return old.length
}

async function unpack(
  session: Session,
  row: Row,
  recent: RecentRecords | undefined,
): Promise<readonly ChainedAuditRecord[]> {
  const link = toLink(row)
  const { packed } = row
  if (packed === null) return [{ ...link, text: '' }]
  const previous = await readLink(session, link.number - 1)
  const read = () => readSegment({ ...link, packed: packed as Uint8Array }, previous.hash)
  return recent === undefined ? read() : recent.segment(link, read)
}

async function readLive(session: Session, afterNumber: number, limit: number): Promise<ChainedAuditRecord[]> {
  const rows = await session.read(
    'SELECT number, hash, text FROM audit WHERE number > $1 ORDER BY number LIMIT $2',
    [afterNumber, limit],
  )
  return rows.map((row) => ({ ...toLink(row), text: row.text as string }))
}

/** Where the segments end that end with this number at most. */
async function readLink(session: Session, through: number): Promise<AuditLink> {
  const [row] = await session.read(
    'SELECT number, hash FROM audit_segment WHERE number <= $1 ORDER BY number DESC LIMIT 1',
    [through],
  )
  return row === undefined ? auditChainOrigin : toLink(row)
}

function toLink(row: Row): AuditLink {
  return { number: row.number as number, hash: row.hash as Uint8Array }
}
