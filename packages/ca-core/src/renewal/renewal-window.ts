import { addSeconds, type Instant } from '../time/instant.ts'

/**
 * How long an expired certificate may still ask for its successor, where nothing else is configured:
 * a host that was off over a long weekend comes back without a person.
 */
export const recoveryWindowSecondsDefault = 604_800

/**
 * Where a certificate stands in its life:
 * `early` (not valid yet: the host's clock is behind), `fresh`, `due`, `second-half` (due, and half its life
 * is gone: the issuer is late), `expired` (may still ask), `lost` (needs a new enrolment).
 */
export type RenewalWindow = 'early' | 'fresh' | 'due' | 'second-half' | 'expired' | 'lost'

export interface RenewalWindowOptions {
  readonly notBefore: Instant
  readonly notAfter: Instant
  /** Drawn at issuing, see `drawRenewAt`. */
  readonly renewAt: Instant
  readonly now: Instant
  readonly recoveryWindowSeconds?: number
}

/** The window that `now` falls into. */
export function renewalWindow(options: RenewalWindowOptions): RenewalWindow {
  const { notBefore, notAfter, renewAt, now } = options
  if (now < notBefore) return 'early'
  // RFC 5280 4.1.2.5: the validity includes both of its ends.
  if (now > notAfter) return mayRecover(options) ? 'expired' : 'lost'
  if (now < renewAt) return 'fresh'
  return now < (notBefore + notAfter) / 2 ? 'due' : 'second-half'
}

/** Whether a certificate, expired or not, may still ask for its successor. */
export function mayRecover({
  notAfter,
  now,
  recoveryWindowSeconds = recoveryWindowSecondsDefault,
}: Pick<RenewalWindowOptions, 'notAfter' | 'now' | 'recoveryWindowSeconds'>): boolean {
  return now <= addSeconds(notAfter, recoveryWindowSeconds)
}
