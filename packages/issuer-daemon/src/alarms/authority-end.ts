import { dayMs, formatInstant, type Instant } from '@mayfly/ca-core'

/** Days before its end at which an intermediate's replacement is asked for, each time more urgently. */
export const authorityWarningDays = [30, 14, 7] as const

export type AuthorityWarningDays = (typeof authorityWarningDays)[number]

export type AuthorityEnd =
  | { readonly is: 'far' }
  | { readonly is: 'near'; readonly withinDays: AuthorityWarningDays; readonly message: string }
  | { readonly is: 'over'; readonly message: string }

/** How near an intermediate is to its end. A ceremony needs people, so the first warning comes a month ahead. */
export function authorityEnd(notAfter: Instant, now: Instant): AuthorityEnd {
  const at = formatInstant(notAfter)
  if (now >= notAfter) {
    return { is: 'over', message: `The intermediate ended at ${at}; nothing is issued. ${remedy}` }
  }
  const withinDays = authorityWarningDays.findLast((days) => notAfter - now <= days * dayMs)
  if (withinDays === undefined) return { is: 'far' }
  const days = Math.ceil((notAfter - now) / dayMs)
  const left = days === 1 ? 'less than a day' : `${days} days`
  const message = `The intermediate ends at ${at}, in ${left}; certificates never outlive it. ${remedy}`
  return { is: 'near', withinDays, message }
}

const remedy = 'Make the next one: mayfly issuer init, mayfly root sign, mayfly issuer install.'
