import type { Instant } from '@mayfly/ca-core'
import type { Store } from '../store/store.ts'
import type { AuditRecord } from './audit-record.ts'

/**
 * The number of the newest record from before `instant`, to prune through; 0 where there is none. Times grow with
 * the numbers but for corrections of the clock, which may keep a few records longer or shorter.
 */
export async function lastRecordBefore(instant: Instant, store: Store): Promise<number> {
  const [first] = await store.auditRecords({ afterNumber: 0, limit: 1 })
  if (first === undefined) return 0
  let before = first.text === '' ? first.number : first.number - 1
  let after = (await store.auditEnd()).number + 1
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2)
    const [record] = await store.auditRecords({ afterNumber: middle - 1, limit: 1 })
    if (record !== undefined && timeOf(record.text) < instant) before = middle
    else after = middle
  }
  return before
}

/** An anchor has no text, and is from before everything that is kept. */
function timeOf(text: string): Instant {
  if (text === '') return Number.NEGATIVE_INFINITY
  return Date.parse((JSON.parse(text) as { at: string } & Omit<AuditRecord, 'at'>).at)
}
