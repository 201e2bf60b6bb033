import { type Clock, MayflyError, type Trace } from '@mayfly/ca-core'
import type { Logger } from '@mayfly/platform'
import { createRateLimiter, type RateLimiter } from '../api/limits/rate-limiter.ts'
import { createRateLimits, type RateLimits } from '../api/limits/rate-limits.ts'
import type { LoadedAuthority } from '../authority/load-authority.ts'
import type { ClockGuard } from '../clock/clock-guard.ts'
import type { IssuerConfiguration } from '../configuration/issuer-configuration.ts'
import { policyOf } from '../configuration/policy-of.ts'
import { createIssuer } from '../issuing/create-issuer.ts'
import { type AuthorityMoves, authorityTainted } from '../issuing/intermediates/authority-moves.ts'
import type { IssuingAuthority } from '../issuing/intermediates/issuing-authority.ts'
import type { Issuer } from '../issuing/issuer.ts'
import type { Taint } from '../store/taint.ts'
import type { WatchedStore } from '../store/watch-writes.ts'
import type { FollowedConfiguration } from './follow-configuration.ts'
import type { Foundation } from './foundation.ts'

/** What a reload exchanges under the running parts. They look here each time, and keep no copy. */
export interface LiveSettings {
  configuration: IssuerConfiguration
  loaded: LoadedAuthority
  limits: RateLimits
  /** Requests of one delegate, by its name. */
  delegateLimit: RateLimiter
  /** Intermediates that are known to be tainted. */
  taints: readonly Taint[]
}

/** The intermediate that signs now. Throws `authority-tainted` where it must not. */
export function liveAuthority({ loaded: { issuing }, taints }: LiveSettings): IssuingAuthority {
  const { fingerprint } = issuing.chain
  if (taints.some((taint) => taint.fingerprint === fingerprint)) throw authorityTainted(fingerprint)
  return issuing
}

export async function firstSettings(
  configuration: IssuerConfiguration,
  { clock, loadAuthority }: Foundation,
): Promise<LiveSettings> {
  const loaded = await loadAuthority()
  requireTrustDomain(configuration, loaded)
  const { limits } = configuration
  return {
    configuration,
    loaded,
    limits: createRateLimits(limits, clock),
    delegateLimit: createDelegateLimit(configuration, clock),
    taints: [],
  }
}

export function createDelegateLimit({ limits }: IssuerConfiguration, clock: Clock): RateLimiter {
  return createRateLimiter(limits.delegate, clock, 'requests of this admin')
}

/** Throws `config-invalid` where the bundle is for another trust domain than the configuration. */
export function requireTrustDomain({ trustDomain }: IssuerConfiguration, { served }: LoadedAuthority): void {
  if (served.bundle.trustDomain === trustDomain) return
  throw new MayflyError(
    'config-invalid',
    `trustDomain is ${trustDomain}, but the installed trust bundle is for ${served.bundle.trustDomain}. Correct one of them.`,
  )
}

/**
 * Throws `bundle-older` where the bundle on disk is older than the one in use, as in a folder from a backup: hosts that join
 * would be given trust that was taken back since.
 */
export function requireNoOlderBundle(
  { served: { bundle: next } }: LoadedAuthority,
  live: LiveSettings,
): void {
  const { bundle } = live.loaded.served
  if (next.sequence >= bundle.sequence) return
  throw new MayflyError(
    'bundle-older',
    `The trust bundle on disk has sequence ${next.sequence}; ${bundle.sequence} is in use, and goes on. ` +
      'Install the newest that the root box has signed, with `mayfly issuer install`.',
  )
}

/** Who watches what the status tells of. */
export interface LiveWatches {
  readonly guard: ClockGuard
  readonly writes: Pick<WatchedStore, 'trouble'>
  readonly following: { readonly current?: Pick<FollowedConfiguration, 'refused'> }
}

/** The use cases, on whatever the settings are at the time. */
export function createLiveIssuer(
  live: LiveSettings,
  { store, clock, random, log, trace, verifier, historyMark }: Foundation,
  { guard, writes, following }: LiveWatches,
  authorities: AuthorityMoves,
): Issuer {
  return createIssuer({
    store,
    clock,
    random,
    trace: trace ?? loggingTrace(log),
    ...(verifier && { verifier }),
    clockJumpSeconds: () => guard.jumpSeconds(),
    writeTrouble: () => writes.trouble(),
    refusedReload: () => following.current?.refused(),
    authority: () => liveAuthority(live),
    authorities,
    historyMark,
    bundle: () => live.loaded.served,
    get tokenKey() {
      return live.loaded.tokenKey
    },
    get policy() {
      return policyOf(live.configuration)
    },
  })
}

export function loggingTrace(log: Logger): Trace {
  return { step: (step, fields) => log.debug({ step, ...fields }, 'step') }
}
