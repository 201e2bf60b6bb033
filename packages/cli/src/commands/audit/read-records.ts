import type { AdminClient, AuditRecordView } from '@mayfly/issuer-daemon'

const pageSize = 1_000

/** The records from after a number to the end that there is now, in order, read page by page. */
export async function* readRecords(admin: AdminClient, afterNumber: number): AsyncGenerator<AuditRecordView> {
  for (let after = afterNumber; ; ) {
    const page = await admin.readAudit({ afterNumber: after, limit: pageSize })
    yield* page
    after = page.at(-1)?.number ?? after
    if (page.length < pageSize) return
  }
}
