import type { Random } from '../ports/random.ts'

/** 126 random bits; RFC 5280 4.1.2.2 allows 20 octets, and 64 random bits are what public CAs must have. */
export const serialBytes = 16

/**
 * A fresh serial number: 32 lower-case hexadecimal digits. The first octet is 40 to 7f, so the number
 * is positive and its INTEGER has 16 content octets always.
 */
export function drawSerial(random: Random): string {
  const bytes = Buffer.from(random.bytes(serialBytes))
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40
  return bytes.toString('hex')
}

/** Whether `text` is a serial number as `drawSerial` makes them. */
export function isSerial(text: string): boolean {
  return /^[4-7][0-9a-f]{31}$/.test(text)
}
