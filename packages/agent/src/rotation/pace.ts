import { type Instant, secondMs } from '@mayfly/ca-core'
import { type Credential, lifePoint, lifetimeMs } from '../state/credential.ts'

/**
 * How fast a certificate's keeper moves. Everything is a share of the certificate's life, so that lives of
 * a minute (tests, the demo) and of a day behave alike; the bounds are those of a day.
 */
export interface Pace {
  /** The first wait after a failure, and the longest. */
  readonly backoffBaseSeconds: number
  readonly backoffCapSeconds: number
  /** Between two certified keys that are given up, at the shortest and at the longest; and long after the end. */
  readonly wasteFloorSeconds: number
  readonly wasteCapSeconds: number
  readonly wasteLateSeconds: number
  /** In which only so many are: a life, and a little for what is minted later than its key was wanted. */
  readonly wasteWindowSeconds: number
  /** Between two looks at an issuer that says that only a person can help. */
  readonly hopelessSeconds: number
  /** How long after the promised minting the agent only looks, before it asks again. */
  readonly graceSeconds: number
}

export function paceOf(credential: Credential): Pace {
  const life = lifetimeMs(credential) / secondMs
  const graceSeconds = within(life / 144, 2, 600)
  return {
    backoffBaseSeconds: within(life / 5_000, 0.25, 15),
    // Ten reachable minutes in the second half of a day's life must be enough: try at least every five.
    backoffCapSeconds: within(life / 288, 1, 300),
    wasteFloorSeconds: within(life / 144, 5, 600),
    wasteCapSeconds: within(life / 6, 15, 14_400),
    wasteLateSeconds: within(life / 4, 15, 21_600) + graceSeconds,
    wasteWindowSeconds: life + graceSeconds,
    hopelessSeconds: within(life / 24, 10, 3_600),
    graceSeconds,
  }
}

/**
 * Between two looks at the trust bundle: what the issuer said at the one before, where it did. More than a quarter of a life
 * is never waited, for whatever reason it was said: what a bundle distrusts must reach a host long before it is over.
 */
export function bundleSeconds(credential: Credential, saidSeconds: number | undefined): number {
  const life = lifetimeMs(credential) / secondMs
  if (saidSeconds === undefined) return within(life / 24, bundleSecondsMin, 3_600)
  return within(saidSeconds, bundleSecondsMin, life / 4)
}

const bundleSecondsMin = 2

/**
 * The pace after a failure. In the last quarter of a life, and for one life after its end, what only a person or the
 * next day can mend is looked at as often as anything else: an hour may be more than there is left.
 */
export function paceOfFailure(credential: Credential, now: Instant): Pace {
  const pace = paceOf(credential)
  const isLate = now >= lifePoint(credential, overdueLifeShare) && now < lifePoint(credential, 2)
  return isLate ? { ...pace, hopelessSeconds: pace.backoffCapSeconds } : pace
}

/** Going back is of no use once the older certificate has less than this share of its life left. */
export const goBackLifeShare = 0.1

/** A certificate that is past this share of its life is asked to be replaced at once, whatever was promised. */
export const overdueLifeShare = 0.75

/** From this share on a candidate that could not be brought to the live ports signs requests all the same. */
export const adoptLifeShare = 0.5

/** So many certificates for one key are refused, at the least, before the key is given up. */
export const refusalsMax = 3

function within(value: number, min: number, max: number): number {
  return Math.min(Math.max(value, min), max)
}
