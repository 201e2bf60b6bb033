import { type Clock, dayMs, type Instant } from '@mayfly/ca-core'
import type { Alarm } from '../issuing/issuer-status.ts'

export interface AlarmLogOptions {
  readonly clock: Clock
  told(alarm: Alarm): void
  ended(because: string): void
}

/** An alarm that goes on is told again after this: a log is read by the day. */
const repeatMs = dayMs

/** Tells of each alarm when it comes up, when its words change, once a day while it lasts, and when it is over. */
export function createAlarmLog({ clock, told, ended }: AlarmLogOptions): (alarms: readonly Alarm[]) => void {
  const standing = new Map<string, { readonly kind: string; readonly at: Instant }>()
  return (alarms) => {
    const now = clock.monotonic()
    const current = new Set(alarms.map(keyOf))
    for (const [key, { kind }] of standing) {
      if (current.has(key)) continue
      standing.delete(key)
      if (!alarms.some(({ because }) => because === kind)) ended(kind)
    }
    for (const alarm of alarms) {
      const before = standing.get(keyOf(alarm))
      if (before !== undefined && now - before.at < repeatMs) continue
      standing.set(keyOf(alarm), { kind: alarm.because, at: now })
      told(alarm)
    }
  }
}

function keyOf({ because, identity, withinDays }: Alarm): string {
  return [because, identity ?? '', withinDays ?? ''].join(' ')
}
