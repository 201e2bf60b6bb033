import { addSeconds, type Instant, MayflyError } from '@mayfly/ca-core'
import { readDuration } from './read-duration.ts'

/** A time such as `2026-01-15` or `2026-01-15T12:00:00Z`, or an age such as `24h`. @throws MayflyError `usage` */
export function readTime(option: string, text: string, now: Instant): Instant {
  if (/^\d+(s|m|h|d)$/.test(text)) return addSeconds(now, -readDuration(option, text))
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(time)) return time
  throw new MayflyError(
    'usage',
    `${option} ${text} is no time. Write 2026-01-15, 2026-01-15T12:00:00Z or 24h.`,
  )
}
