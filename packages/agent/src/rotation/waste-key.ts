import { addSeconds, backoff, type Instant, type Random, secondMs } from '@mayfly/ca-core'
import { isNewWish, type WastedKeys } from '../state/wasted-keys.ts'
import type { Pace } from './pace.ts'

/** Of each wait, so that hosts that one fault struck do not ask for certificates together. */
const certainShare = 0.85

/** Of what the live certificate has left: the nearer its end, the sooner another one is tried. */
const remainingShare = 0.55

/** Certificates in one window, whatever happens: two fewer than the issuer's usual quota of a day. */
export const mintsMax = 10

/** What is left is at most divided by this from one try to the next, or the last ones would not be near the end. */
const stepMax = 2.5

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
 * Each wait costs a certificate, and those of a window must stay below the issuer's quota, or nothing is left to
 * recover with. They are spent so that the tries come closer as the live certificate runs out, and some are kept for
 * after its end.
 */
export function wasteKey(before: WastedKeys | undefined, waste: Waste): WastedKeys {
  const { now, random, wish } = waste
  const known = isNewWish(before, wish) ? [] : (before?.minted ?? []).filter((at) => at <= now)
  // The first was minted in its turn, not long before it was given up.
  const minted = [...(known.length === 0 ? [now] : known), now].slice(-mintsMax)
  const { drawnSeconds, leastSeconds } = nextWait(minted, waste)
  const capSeconds = drawnSeconds
  const waitSeconds = backoff({ attempt: 0, random, baseSeconds: drawnSeconds, capSeconds, certainShare })
  const latest = wish ?? before?.wish
  return {
    minted,
    keepUntil: addSeconds(now, Math.max(waitSeconds, leastSeconds)),
    ...(latest !== undefined && { wish: latest }),
  }
}

interface NextWait {
  /** The longest that is drawn. */
  readonly drawnSeconds: number
  /** Whatever is drawn. */
  readonly leastSeconds: number
}

function nextWait(minted: readonly Instant[], { now, pace, liveUntil }: Waste): NextWait {
  const { wasteFloorSeconds, wasteCapSeconds, wasteLateSeconds, wasteWindowSeconds } = pace
  // From each of these on one more may be minted than before.
  const freeAt = minted.map((at) => addSeconds(at, wasteWindowSeconds)).filter((at) => at > now)
  const left = mintsMax - freeAt.length
  const remainingSeconds = (liveUntil - now) / secondMs
  const tries = left - keptForLater(freeAt, liveUntil, wasteLateSeconds) - 1
  if (remainingSeconds > 0 && tries >= 0) {
    const soon = Math.min(wasteCapSeconds, remainingSeconds * remainingShare)
    const reachSeconds = wasteFloorSeconds * stepMax ** (tries - 1)
    return {
      drawnSeconds: Math.max(soon, remainingSeconds - reachSeconds, wasteFloorSeconds),
      leastSeconds: 0,
    }
  }
  // Nothing valid is served: the first tries are soon. But what is left has to do until more is.
  const drawnSeconds = Math.min(Math.max(-remainingSeconds, wasteFloorSeconds), wasteLateSeconds)
  const lack = freeAt.map((at, index) => (at - now) / secondMs - wasteLateSeconds * (left + index))
  return { drawnSeconds, leastSeconds: Math.max(0, ...lack) }
}

/** How many must be left at the end of the live certificate, so that after it none of the waits is too long. */
function keptForLater(freeAt: readonly Instant[], end: Instant, lateSeconds: number): number {
  const needs = freeAt.map((at, index) => Math.ceil((at - end) / secondMs / lateSeconds) - 1 - index)
  return Math.max(1, ...needs)
}
