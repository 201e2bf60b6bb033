import type { Random } from '../ports/random.ts'
import { drawFraction } from './draw-fraction.ts'

/** 2^30 times any base is over any cap; beyond it the power would only lose its precision. */
const doublingsMax = 30

export interface BackoffOptions {
  /** Failures so far, less one: 0 for the first wait. */
  readonly attempt: number
  readonly random: Random
  readonly baseSeconds: number
  readonly capSeconds: number
  /** How much of the limit is waited for certain; the rest is drawn. 0 where absent. */
  readonly certainShare?: number
}

/**
 * How many seconds to wait after a failure: uniform between nothing ("full jitter"), or a certain share, and a limit
 * that doubles with each attempt up to the cap, so that a fleet that failed together does not return together.
 */
export function backoff(options: BackoffOptions): number {
  const { attempt, random, baseSeconds, capSeconds, certainShare = 0 } = options
  const limitSeconds = Math.min(capSeconds, baseSeconds * 2 ** Math.min(attempt, doublingsMax))
  return (certainShare + drawFraction(random) * (1 - certainShare)) * limitSeconds
}
