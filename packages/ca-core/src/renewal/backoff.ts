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
}

/**
 * How many seconds to wait after a failure: uniform between nothing and a limit that doubles with each
 * attempt up to the cap ("full jitter"), so that a fleet that failed together does not return together.
 */
export function backoff({ attempt, random, baseSeconds, capSeconds }: BackoffOptions): number {
  const limitSeconds = Math.min(capSeconds, baseSeconds * 2 ** Math.min(attempt, doublingsMax))
  return drawFraction(random) * limitSeconds
}
