import type { Random } from '../ports/random.ts'
import { type Instant, secondMs } from '../time/instant.ts'

/** RFC 5280 4.1.2.2 allows 20 octets. */
export const serialBytes = 16

/** 96 random bits; 64 are what public CAs must have (CA/Browser Forum Baseline Requirements 7.1). */
const randomBytes = 12

const timeMask = 0x3f_ff_ff_ff
const positive = 0x40_00_00_00

/**
 * A fresh serial number: 32 lower-case hexadecimal digits. The first octet is 40 to 7f, so the number
 * is positive and its INTEGER has 16 content octets always.
 *
 * Its first 30 bits are the second of `now`, which the certificate tells anyway, and begin anew after 34 years. The
 * rest is random. So what is issued together lies together in an index of serials, however long that has grown.
 */
export function drawSerial(random: Random, now: Instant): string {
  const bytes = Buffer.alloc(serialBytes)
  // A number of seconds has more than 32 bits in 2106, of which the bitwise AND keeps the lower ones.
  bytes.writeUInt32BE((Math.floor(now / secondMs) & timeMask) | positive)
  bytes.set(random.bytes(randomBytes), serialBytes - randomBytes)
  return bytes.toString('hex')
}

/** Whether `text` is a serial number as `drawSerial` makes them. */
export function isSerial(text: string): boolean {
  return /^[4-7][0-9a-f]{31}$/.test(text)
}
