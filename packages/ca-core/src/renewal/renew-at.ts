import type { Random } from '../ports/random.ts'
import { addSeconds, type Instant, secondMs } from '../time/instant.ts'
import { drawFraction } from './draw-fraction.ts'

/** Hosts that joined together drift apart by a fifth of a cycle at every renewal. */
export const renewalJitterShare = 0.2

export interface RenewAtOptions {
  readonly issuedAt: Instant
  readonly notAfter: Instant
  /** How often the issuer means to renew. */
  readonly cycleSeconds: number
  readonly random: Random
}

/**
 * When a certificate is to be renewed: a cycle after it was issued, at most half its life, moved earlier by up
 * to a fifth. Never later: an issuer that is reachable in the second half of a life, however soon after that
 * goes away, must find the renewal due. Drawn once for each certificate and stored with it; asking twice gives
 * two answers.
 */
export function drawRenewAt({ issuedAt, notAfter, cycleSeconds, random }: RenewAtOptions): Instant {
  const halfLifeSeconds = (notAfter - issuedAt) / 2 / secondMs
  const targetSeconds = Math.min(cycleSeconds, halfLifeSeconds)
  const earlierShare = drawFraction(random) * renewalJitterShare
  return Math.round(addSeconds(issuedAt, targetSeconds * (1 - earlierShare)))
}
