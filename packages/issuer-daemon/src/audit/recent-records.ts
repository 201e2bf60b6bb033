import type { AuditLink, ChainedAuditRecord } from './audit-chain.ts'

/** Some 200 kB each. A page of an export ends within a segment, and the next begins there. */
const segmentsMax = 8

/** Some 500 bytes each: ends of the history that hosts report, of which each sweep signs one, for days. */
const recordsMax = 2_048

/** What was read last of the packed audit. */
export class RecentRecords {
  readonly #segments = new Map<string, readonly ChainedAuditRecord[]>()
  readonly #records = new Map<string, readonly ChainedAuditRecord[]>()

  /** @param end the number and hash that the segment ends with, as the store has them now */
  segment(end: AuditLink, unpack: () => readonly ChainedAuditRecord[]): readonly ChainedAuditRecord[] {
    const key = keyOf(end)
    return remember(this.#segments, key, this.#segments.get(key) ?? unpack(), segmentsMax)
  }

  /** The one record after a number, of the segment with that end; `undefined` where it was not read lately. */
  recordAfter(number: number, end: AuditLink): readonly ChainedAuditRecord[] | undefined {
    return this.#records.get(`${number} ${keyOf(end)}`)
  }

  rememberAfter(number: number, end: AuditLink, record: readonly ChainedAuditRecord[]): void {
    remember(this.#records, `${number} ${keyOf(end)}`, record, recordsMax)
  }
}

function keyOf({ number, hash }: AuditLink): string {
  return `${number} ${Buffer.from(hash).toString('hex')}`
}

/** The one that was used last is the last in the map; the first gives way. */
function remember<Value>(map: Map<string, Value>, key: string, value: Value, max: number): Value {
  map.delete(key)
  map.set(key, value)
  const [oldest] = map.keys()
  if (map.size > max && oldest !== undefined) map.delete(oldest)
  return value
}
