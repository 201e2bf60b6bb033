import { dayMs, formatInstant, type Instant } from '@mayfly/ca-core'

/** Every host and every client has to learn of a new root before the old one ends. */
export const rootWarningDays = 365

/** What to tell of a root of the trust bundle that ends within a year, or has ended; `undefined` while its end is far. */
export function rootEnd(
  { subject, notAfter }: { readonly subject: string; readonly notAfter: Instant },
  now: Instant,
): string | undefined {
  if (notAfter - now > rootWarningDays * dayMs) return undefined
  const at = formatInstant(notAfter)
  const remedy = 'Bring in the next one in time, and take this one away when nothing hangs on it any more.'
  if (now >= notAfter)
    return `The root ${subject} ended at ${at}, and is still in the trust bundle. ${remedy}`
  const days = Math.ceil((notAfter - now) / dayMs)
  const left = days === 1 ? 'less than a day' : `${days} days`
  return `The root ${subject} ends at ${at}, in ${left}, and all under it with it. ${remedy}`
}
