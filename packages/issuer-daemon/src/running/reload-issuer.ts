import { isDeepStrictEqual } from 'node:util'
import { createRateLimits } from '../api/limits/rate-limits.ts'
import type { PublicServer } from '../api/public-server.ts'
import { adoptConfiguration } from '../configuration/adopt-configuration.ts'
import type { IssuerConfiguration } from '../configuration/issuer-configuration.ts'
import type { SweepSchedule } from '../schedule/sweep-schedule.ts'
import type { RunningRenewal } from '../tls/own-certificate-renewal.ts'
import type { Foundation } from './foundation.ts'
import type { LiveAuthorities } from './live-authorities.ts'
import {
  createDelegateLimit,
  type LiveSettings,
  requireNoOlderBundle,
  requireTrustDomain,
} from './live-settings.ts'
import type { LiveAdministration } from './start-administration.ts'

export interface ReloadedParts {
  readonly live: LiveSettings
  readonly foundation: Foundation
  readonly api: Pick<PublicServer, 'follow'>
  readonly renewal: RunningRenewal
  readonly schedule: SweepSchedule
  readonly authorities: LiveAuthorities
  readonly administration: LiveAdministration
}

/**
 * Takes over the authority and the bundle on disk, and of `next` what needs no restart. Everything is read
 * and checked before anything is exchanged, so that a mistake leaves the issuer as it was.
 */
export async function reloadIssuer(next: IssuerConfiguration, parts: ReloadedParts): Promise<void> {
  const { live, foundation, api, schedule, administration } = parts
  const { configuration, needRestart } = adoptConfiguration(live.configuration, next)
  const loaded = await foundation.loadAuthority()
  requireTrustDomain(configuration, loaded)
  requireNoOlderBundle(loaded, live)
  await administration.open(configuration.admin.delegates)

  const before = { ...live }
  live.configuration = configuration
  live.loaded = loaded
  live.limits = createRateLimits(configuration.limits, foundation.clock)
  live.delegateLimit = createDelegateLimit(configuration, foundation.clock)
  api.follow(configuration.limits)
  foundation.log.level = configuration.log.level
  if (configuration.sweep.cron !== before.configuration.sweep.cron) {
    await schedule.reschedule(configuration.sweep.cron)
  }
  await administration.closeOthers(configuration.admin.delegates)
  if (ownCertificateIsOutdated(before, live)) await renewOwn(parts)
  await heedTaints(parts)
  const fields = { needRestart, bundleSequence: loaded.served.bundle.sequence }
  if (needRestart.length === 0) foundation.log.info(fields, 'reloaded')
  else foundation.log.warn(fields, `reloaded, but this waits for a restart: ${needRestart.join(', ')}`)
}

/** The settings are in use by now: what keeps the certificate from being minted holds none of them up. */
async function renewOwn({ renewal, foundation }: ReloadedParts): Promise<void> {
  try {
    await renewal.renewNow()
  } catch (error) {
    foundation.log.error({ err: error }, 'own certificate not renewed')
    renewal.renewSoon()
  }
}

/** The same: a tainted intermediate is an alarm of its own, and each sweep looks again. */
async function heedTaints({ authorities, foundation }: ReloadedParts): Promise<void> {
  try {
    await authorities.heedTaints()
  } catch (error) {
    foundation.log.error({ err: error }, 'no untainted intermediate is in use')
  }
}

function ownCertificateIsOutdated(before: LiveSettings, after: LiveSettings): boolean {
  const authorityOf = ({ loaded }: LiveSettings) => loaded.issuing.authority.certificate.fingerprint
  return (
    authorityOf(before) !== authorityOf(after) ||
    !isDeepStrictEqual(before.configuration.tls, after.configuration.tls)
  )
}
