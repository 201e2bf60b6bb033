import type { AuditRecord } from '../../src/audit/audit-record.ts'
import type { Store } from '../../src/store/store.ts'

/** The records of one request, in their order. */
export async function auditOf(store: Store, requestId: unknown): Promise<AuditRecord[]> {
  const all = await store.auditRecords({ afterNumber: 0, limit: 10_000 })
  return all
    .map(({ text }) => JSON.parse(text) as AuditRecord)
    .filter((record) => record.requestId === requestId)
}
