import { addSeconds, backoff, type Instant, type Random, secondMs } from '@mayfly/ca-core'
import { isNewWish, type WastedKeys } from '../state/wasted-keys.ts'
import type { Pace } from './pace.ts'

/** Of each wait, so that hosts that one fault struck do not ask for certificates together. */
const certainShare = 0.5

/** Of what the live certificate has left: nothing is served that has expired if the cause ends well before. */
const remainingShare = 0.5

export interface Waste {
  readonly now: Instant
  readonly random: Random
  readonly pace: Pace
  /** The end of the certificate that is live. */
  readonly liveUntil: Instant
  /** A person's wish for a renewal that stands. */
  readonly wish: string | undefined
}

/** One certified key more that came to nothing: how long the next one is kept, whatever is wrong with its certificate. */
export function wasteKey(
  before: WastedKeys | undefined,
  { now, random, pace, liveUntil, wish }: Waste,
): WastedKeys {
  const count = isNewWish(before, wish) ? 1 : (before?.count ?? 0) + 1
  const { wasteBaseSeconds: baseSeconds, wasteCapSeconds } = pace
  const remainingSeconds = (liveUntil - now) / secondMs
  const shareSeconds = Math.max(baseSeconds, remainingSeconds * remainingShare)
  const capSeconds = remainingSeconds > 0 ? Math.min(wasteCapSeconds, shareSeconds) : wasteCapSeconds
  const waitSeconds = backoff({ attempt: count - 1, random, baseSeconds, capSeconds, certainShare })
  const latest = wish ?? before?.wish
  return {
    count,
    at: now,
    keepUntil: addSeconds(now, waitSeconds),
    ...(latest !== undefined && { wish: latest }),
  }
}
