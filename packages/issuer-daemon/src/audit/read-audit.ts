import type { FlattenedJws } from '@mayfly/ca-core'
import type { IssuerPorts } from '../issuing/issuer-ports.ts'

/** Records in one answer. */
export const auditPageMax = 1_000

/** A record as the administration gives it out. */
export interface AuditRecordView {
  readonly number: number
  /** Hex. */
  readonly hash: string
  /** What was hashed: one line of JSON; empty for the anchor that pruning leaves. */
  readonly text: string
}

/** The records after a number, in their order. */
export async function readAudit(
  { afterNumber = 0, limit = auditPageMax }: { readonly afterNumber?: number; readonly limit?: number },
  { store }: Pick<IssuerPorts, 'store'>,
): Promise<readonly AuditRecordView[]> {
  const records = await store.auditRecords({ afterNumber, limit: Math.min(limit, auditPageMax) })
  return records.map(({ number, hash, text }) => ({ number, hash: Buffer.from(hash).toString('hex'), text }))
}

/** The end of the history, and the newest end that the authority has signed. */
export interface AuditEndView {
  readonly number: number
  readonly hash: string
  readonly signed?: {
    readonly jws: FlattenedJws
    /** PEM of the authority that signed it, where it is the current one. */
    readonly authority?: string
  }
}
