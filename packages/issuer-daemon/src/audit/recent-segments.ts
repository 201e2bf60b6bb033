import type { AuditLink, ChainedAuditRecord } from './audit-chain.ts'

/** About half a megabyte each. A page of an export ends within a segment, and the next begins there. */
const segmentsMax = 8

/** The segments that were unpacked last. */
export class RecentSegments {
  readonly #records = new Map<string, readonly ChainedAuditRecord[]>()

  /** @param end the number and hash that the segment ends with, as the store has them now */
  read(
    { number, hash }: AuditLink,
    unpack: () => readonly ChainedAuditRecord[],
  ): readonly ChainedAuditRecord[] {
    const key = `${number} ${Buffer.from(hash).toString('hex')}`
    const records = this.#records.get(key) ?? unpack()
    // The one that was used last is the last in the map.
    this.#records.delete(key)
    this.#records.set(key, records)
    const [oldest] = this.#records.keys()
    if (this.#records.size > segmentsMax && oldest !== undefined) this.#records.delete(oldest)
    return records
  }
}
