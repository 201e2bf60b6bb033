import type { Random } from '../ports/random.ts'

/** Enough for any jitter, and exact in a double. */
const fractionBits = 48

/** A uniform number from 0 up to, but not including, 1. */
export function drawFraction(random: Random): number {
  const bytes = random.bytes(fractionBits / 8)
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0) / 2 ** fractionBits
}
