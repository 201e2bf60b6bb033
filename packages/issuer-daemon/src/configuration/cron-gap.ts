import { parse } from 'node-cron'

const daySeconds = 86_400

/**
 * The longest time between two runs of `cron` (five or six fields, UTC), in seconds;
 * `Infinity` where there are days without any. Throws what `node-cron` throws for a wrong expression.
 */
export function longestGapSeconds(cron: string): number {
  const fields = parse(cron)
  const everyDay =
    fields.month.length === 12 &&
    fields.dayOfMonth.length === 31 &&
    new Set(fields.dayOfWeek.map(weekday)).size === 7
  if (!everyDay) return Number.POSITIVE_INFINITY

  const starts = fields.hour.flatMap((hour) =>
    fields.minute.flatMap((minute) => fields.second.map((second) => hour * 3_600 + minute * 60 + second)),
  )
  starts.sort((a, b) => a - b)
  const gaps = starts.map((start, index) => (starts[index + 1] ?? (starts[0] ?? 0) + daySeconds) - start)
  return gaps.reduce((longest, gap) => Math.max(longest, gap), 0)
}

/** Sunday is 0 and 7. */
function weekday(day: number | string): string {
  return String(day) === '7' ? '0' : String(day)
}
