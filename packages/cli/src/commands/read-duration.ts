import { MayflyError } from '@mayfly/ca-core'
import { durationSeconds } from '@mayfly/platform'

/** Seconds of a duration such as `15m` or `90d`. @throws MayflyError `usage` */
export function readDuration(option: string, text: string): number {
  const result = durationSeconds.safeParse(text)
  if (result.success) return result.data
  throw new MayflyError(
    'usage',
    `${option} ${JSON.stringify(text)}: write a duration such as 15s, 5m, 24h or 90d.`,
  )
}
