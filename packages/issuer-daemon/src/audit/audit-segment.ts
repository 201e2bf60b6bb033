import { dayMs, hourMs, type Instant, MayflyError } from '@mayfly/ca-core'
import { type AuditLink, type ChainedAuditRecord, chainTexts, verifyAuditChain } from './audit-chain.ts'
import { packTexts, unpackTexts } from './packing/pack-texts.ts'

/** Records in one segment: what packs and unpacks in a few milliseconds. More of them would hardly be smaller. */
export const auditSegmentRecordsMax = 512

/** As many records as make a segment are packed when the last of them is this old. */
const packedAfterMs: number = hourMs
/** Fewer are packed when the first of them is this old. */
const packedAtLatestAfterMs: number = dayMs

/**
 * Old records of the audit, packed. Their hashes follow from their texts and the hash before them, so that only the
 * last is kept: what follows is chained to it.
 */
export interface AuditSegment extends AuditLink {
  /** When its last record was made. */
  readonly lastAt: Instant
  readonly packed: Uint8Array
}

/**
 * Decides what of the audit is packed now; `undefined` for nothing. Pure.
 *
 * @param previous the link before the first record
 * @param records the oldest that are not packed, in their order, at most `auditSegmentRecordsMax`
 * Records that are not chained to it stay as they are, for whoever looks into it.
 */
export function planSegment(
  previous: AuditLink,
  records: readonly ChainedAuditRecord[],
  now: Instant,
): AuditSegment | undefined {
  const ready = records.slice(0, countReady(records, now))
  const last = ready.at(-1)
  if (last === undefined) return undefined
  if (!verifyAuditChain(previous, ready).intact) return undefined
  const { number, hash, text } = last
  return { number, hash, lastAt: timeOf(text), packed: packTexts(ready.map((record) => record.text)) }
}

/**
 * Whether `planSegment` would find it time, by the text of the oldest record and of the one that makes a segment full,
 * which is `undefined` where there are fewer. Pure.
 */
export function isSegmentReady(
  { first, full }: { readonly first: string; readonly full: string | undefined },
  now: Instant,
): boolean {
  return full === undefined ? timeOf(first) <= now - packedAtLatestAfterMs : isOld(full, now)
}

function isOld(text: string, now: Instant): boolean {
  return timeOf(text) <= now - packedAfterMs
}

function countReady(records: readonly ChainedAuditRecord[], now: Instant): number {
  const [first] = records
  if (first === undefined) return 0
  const full = records[auditSegmentRecordsMax - 1]
  if (!isSegmentReady({ first: first.text, full: full?.text }, now)) return 0
  if (full !== undefined) return records.length
  // Nearly all are: they wait for the oldest to be a day old.
  return records.findLastIndex(({ text }) => isOld(text, now)) + 1
}

/**
 * The records of a segment. The last one has the hash that is kept: where a text was changed, what `verifyAuditChain`
 * finds is a chain that breaks there.
 *
 * @param previous the hash before its first record
 * @throws MayflyError `store-invalid` where it cannot be unpacked
 */
export function readSegment(
  { number, hash, packed }: Pick<AuditSegment, 'number' | 'hash' | 'packed'>,
  previous: Uint8Array,
): ChainedAuditRecord[] {
  const texts = unpack(packed, number)
  const records = chainTexts({ number: number - texts.length, hash: previous }, texts)
  const last = records.pop()
  return last === undefined ? [] : [...records, { ...last, hash }]
}

function unpack(packed: Uint8Array, number: number): string[] {
  try {
    return unpackTexts(packed)
  } catch (cause) {
    throw new MayflyError(
      'store-invalid',
      `The audit is damaged: its records up to ${number} cannot be read; restore a backup.`,
      { details: { number }, cause },
    )
  }
}

/** Of a text that somebody altered past reading: never old. */
function timeOf(text: string): Instant {
  try {
    return Date.parse((JSON.parse(text) as { at: string }).at)
  } catch {
    return Number.POSITIVE_INFINITY
  }
}
