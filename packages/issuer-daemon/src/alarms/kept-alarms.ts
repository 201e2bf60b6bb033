import { formatInstant } from '@mayfly/ca-core'
import type { AuditRecord } from '../audit/audit-record.ts'
import type { Store } from '../store/store.ts'

/** Alarms that a later look cannot find again: they stay until an operator has acknowledged them. */
export const keptAlarms = ['history-contradicted', 'store-restored'] as const

/** Ends of the history that were signed until then are not held against it any more. Milliseconds since 1970. */
export const acceptedHistoryNote = 'history.accepted'

export type KeptAlarmKind = (typeof keptAlarms)[number]

export interface KeptAlarm {
  readonly because: KeptAlarmKind
  readonly message: string
  /** RFC 3339. */
  readonly since: string
}

/**
 * Keeps an alarm, with the audit record of what it is about. Where one of its kind is kept already, that one
 * stays: the first is nearest to the cause, and the thousandth host that tells the same is no news.
 */
export async function keepAlarm(
  alarm: Omit<KeptAlarm, 'since'>,
  record: AuditRecord,
  store: Store,
): Promise<void> {
  const name = noteName(alarm.because)
  if ((await store.note(name)) !== undefined) return
  const text = JSON.stringify({ ...alarm, since: formatInstant(record.at) })
  await store.commit([
    {
      at: record.at,
      parts: [
        { do: 'set-note', name, text },
        { do: 'append-audit', record },
      ],
    },
  ])
}

export async function readKeptAlarms(store: Pick<Store, 'note'>): Promise<KeptAlarm[]> {
  const texts = await Promise.all(keptAlarms.map((kind) => store.note(noteName(kind))))
  return texts.flatMap((text) => (text === undefined ? [] : [JSON.parse(text) as KeptAlarm]))
}

export function noteName(kind: KeptAlarmKind): string {
  return `alarm.${kind}`
}
