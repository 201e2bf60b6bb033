import { hash } from 'node:crypto'
import { formatInstant } from '@mayfly/ca-core'
import type { AuditRecord } from './audit-record.ts'

/** What the first record is chained to. */
export const auditChainStart: Uint8Array = new Uint8Array(32)

/** The place of a record in the one history of its store. */
export interface AuditLink {
  /** From 1, without gaps. */
  readonly number: number
  /** SHA-256 of the hash before it and of its own text. */
  readonly hash: Uint8Array
}

/** A record as it is stored: its text is what was hashed, and is never made anew. */
export interface ChainedAuditRecord extends AuditLink {
  readonly text: string
}

/** Where a history begins. */
export const auditChainOrigin: AuditLink = { number: 0, hash: auditChainStart }

/** Puts records behind `last`, in their order. */
export function chainAudit(last: AuditLink, records: readonly AuditRecord[]): ChainedAuditRecord[] {
  return chainTexts(last, records.map(encodeAuditRecord))
}

/** The same for records that are texts already. */
export function chainTexts(last: AuditLink, texts: readonly string[]): ChainedAuditRecord[] {
  const chained: ChainedAuditRecord[] = []
  let previous = last
  for (const text of texts) {
    const link = { number: previous.number + 1, hash: linkHash(previous.hash, text), text }
    chained.push(link)
    previous = link
  }
  return chained
}

export type AuditChainVerdict =
  | { readonly intact: true; readonly last: AuditLink }
  | { readonly intact: false; readonly brokenAt: number; readonly because: 'number' | 'hash' }

/** Whether `records` follow `last` without a gap, a change or a swap. */
export function verifyAuditChain(last: AuditLink, records: readonly ChainedAuditRecord[]): AuditChainVerdict {
  let previous = last
  for (const record of records) {
    const number = previous.number + 1
    if (record.number !== number) return { intact: false, brokenAt: number, because: 'number' }
    if (!Buffer.from(linkHash(previous.hash, record.text)).equals(record.hash)) {
      return { intact: false, brokenAt: number, because: 'hash' }
    }
    previous = record
  }
  return { intact: true, last: previous }
}

/**
 * One line of printable ASCII JSON with sorted keys: one record has one text. Line ends, quotes and
 * whatever a terminal would act on are escaped, so that a name cannot end a line, add a field or hide one.
 */
export function encodeAuditRecord(record: AuditRecord): string {
  const { action, actor, address, at, details, generation, identity } = record
  const { outcome, reason, relay, requestId, serial } = record
  // In the order of the alphabet; the type sees to it that none is missing.
  const fields: { [Field in keyof Required<AuditRecord>]: unknown } = {
    action,
    actor: sortKeys(actor),
    address,
    at: formatInstant(at),
    details: sortKeys(details),
    generation,
    identity,
    outcome,
    reason,
    relay,
    requestId,
    serial,
  }
  const text = JSON.stringify(fields)
  return unprintable.test(text) ? text.replaceAll(unprintables, escapeUnit) : text
}

const unprintable = /[^\x20-\x7e]/
const unprintables = /[^\x20-\x7e]/g

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** A place to put together what is hashed, and never kept: two buffers for each record would be as dear as its hash. */
let hashed = Buffer.alloc(1_024)

/** A UTF-16 unit is three bytes of UTF-8 at most. */
const bytesOfUnitMax = 3

function linkHash(previous: Uint8Array, text: string): Uint8Array {
  const bytesMax = previous.length + text.length * bytesOfUnitMax
  if (bytesMax > hashed.length) hashed = Buffer.alloc(bytesMax)
  hashed.set(previous)
  const end = previous.length + hashed.write(text, previous.length)
  return hash('sha256', hashed.subarray(0, end), 'buffer')
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (typeof value !== 'object' || value === null) return value
  // Where it was made in that order, as actors are, nothing is copied: a request leaves two records.
  if (isSorted(value)) return value
  const fields = Object.entries(value)
  fields.sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(fields.map(([key, field]) => [key, sortKeys(field)]))
}

/** Whether its fields are in order, and are no objects themselves. */
function isSorted(value: object): boolean {
  let last = ''
  for (const key in value) {
    const field: unknown = value[key as keyof typeof value]
    if (key < last || (typeof field === 'object' && field !== null)) return false
    last = key
  }
  return true
}
