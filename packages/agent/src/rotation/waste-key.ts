import { addSeconds, backoff, type Instant, type Random, secondMs } from '@mayfly/ca-core'
import { isNewWish, type WastedKeys } from '../state/wasted-keys.ts'
import type { Pace } from './pace.ts'

/** Of each wait, so that hosts that one fault struck do not ask for certificates together. With 0.8 a day can have eleven. */
const certainShare = 0.85

/** Of what the live certificate has left: the nearer its end, the sooner another one is tried. */
const remainingShare = 0.6

export interface Waste {
  readonly now: Instant
  readonly random: Random
  readonly pace: Pace
  /** The end of the certificate that is live. */
  readonly liveUntil: Instant
  /** A person's wish for a renewal that stands. */
  readonly wish: string | undefined
}

/**
 * One certified key more that came to nothing: how long the next one is kept, whatever is wrong with its certificate.
 * Each wait costs a certificate, and a day's must stay below the issuer's quota, or nothing is left to recover with.
 */
export function wasteKey(before: WastedKeys | undefined, waste: Waste): WastedKeys {
  const { now, random, wish } = waste
  const count = isNewWish(before, wish) ? 1 : (before?.count ?? 0) + 1
  const baseSeconds = limitSeconds(count, waste)
  const waitSeconds = backoff({ attempt: 0, random, baseSeconds, capSeconds: baseSeconds, certainShare })
  const latest = wish ?? before?.wish
  return {
    count,
    at: now,
    keepUntil: addSeconds(now, waitSeconds),
    ...(latest !== undefined && { wish: latest }),
  }
}

/** The longest wait after the `count`th. */
function limitSeconds(count: number, { now, pace, liveUntil }: Waste): number {
  const { wasteFloorSeconds, wasteCapSeconds } = pace
  const remainingSeconds = (liveUntil - now) / secondMs
  if (remainingSeconds > 0) {
    return Math.min(wasteCapSeconds, Math.max(wasteFloorSeconds, remainingSeconds * remainingShare))
  }
  // Nothing valid is served: the first tries are soon, where they were not made before the end.
  return Math.min(wasteCapSeconds, wasteFloorSeconds * 2 ** Math.min(count - 1, doublingsMax))
}

/** Beyond it any floor is over the cap. */
const doublingsMax = 16
