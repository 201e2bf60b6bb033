import { addSeconds, backoff, dayMs, type Instant, minuteMs, type Random, secondMs } from '@mayfly/ca-core'
import type { CertificateSettings } from '../configuration/certificate-settings.ts'
import { type Credential, lifetimeMs } from '../state/credential.ts'

/** Of each interval, so that the agents of many hosts do not look in step. */
const certainShare = 0.5
const everySecondsMin = 5

/** When the live ports are looked at next, between rotations. It need not outlive the process. */
export interface LookSchedule {
  /** `undefined` where nobody is to look. The time is drawn once and kept. */
  nextAt(credential: Credential, now: Instant): Instant | undefined
  /** They were seen just now: the next look is an interval away. */
  seen(): void
}

export function openLookSchedule(
  { probe, lookMinutes }: Pick<CertificateSettings, 'probe' | 'lookMinutes'>,
  random: Random,
): LookSchedule {
  const isWanted = probe.length > 0 && lookMinutes > 0
  let drawn: { readonly at: Instant; readonly nextAt: Instant } | undefined
  return {
    nextAt(credential, now) {
      if (!isWanted) return undefined
      // A time that was drawn in the future is one of a clock that was set back since.
      if (drawn === undefined || now < drawn.at) {
        const seconds = backoff({ attempt: 0, random, certainShare, ...intervalOf(credential, lookMinutes) })
        drawn = { at: now, nextAt: addSeconds(now, seconds) }
      }
      return drawn.nextAt
    },
    seen() {
      drawn = undefined
    },
  }
}

/** The interval in the configuration is one for certificates that live a day; of shorter ones, a share of it. */
function intervalOf(
  credential: Credential,
  lookMinutes: number,
): { readonly baseSeconds: number; readonly capSeconds: number } {
  const share = Math.min(1, lifetimeMs(credential) / dayMs)
  const seconds = Math.max(everySecondsMin, (share * lookMinutes * minuteMs) / secondMs)
  return { baseSeconds: seconds, capSeconds: seconds }
}
