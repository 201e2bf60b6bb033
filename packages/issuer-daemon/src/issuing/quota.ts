import { dayMs, type Instant } from '@mayfly/ca-core'
import { counted } from '../alarms/counted.ts'
import type { IdentityRecord, QuotaUse } from '../store/identity-record.ts'
import { type Refusal, refuse } from './refusal.ts'

/** The identity's quota with one more certificate on the day of `now`, or the refusal where it is used up. */
export function useQuota(
  identity: Pick<IdentityRecord, 'name' | 'quota'>,
  { dailyQuota }: { readonly dailyQuota: number },
  now: Instant,
): { readonly do: 'use'; readonly quota: QuotaUse } | Refusal {
  const day = Math.floor(now / dayMs)
  const used = identity.quota.day === day ? identity.quota.count : 0
  if (used < dailyQuota) return { do: 'use', quota: { day, count: used + 1 } }
  const afterSeconds = Math.ceil(((day + 1) * dayMs - now) / 1_000)
  return refuse(
    'quota-exceeded',
    `The identity ${identity.name} got ${counted(used, 'certificate')} today, which is all it may get.`,
    { details: { dailyQuota }, retry: { afterSeconds } },
  )
}
