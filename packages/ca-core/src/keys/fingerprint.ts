import { hash } from 'node:crypto'
import { MayflyError } from '../errors/mayfly-error.ts'

/** SHA-256 in lower-case hexadecimal digits. */
export function sha256Hex(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex')
}

/** The digits in groups of four, to be read aloud and compared: `ab12 cd34 …`. */
export function formatFingerprint(hex: string): string {
  return hex.match(/.{1,4}/g)?.join(' ') ?? ''
}

/**
 * A SHA-256 fingerprint as people write it (groups, colons, either case, a `SHA256:` in front)
 * in plain lower-case hexadecimal. Throws `fingerprint-mismatch` for anything that is not 64 digits.
 */
export function parseFingerprint(text: string): string {
  const hex = text
    .trim()
    .replace(/^sha-?256[:=]?/i, '')
    .replace(/[\s:-]/g, '')
    .toLowerCase()
  if (/^[0-9a-f]{64}$/.test(hex)) return hex
  throw new MayflyError('fingerprint-mismatch', 'A fingerprint is the SHA-256 in 64 hexadecimal digits.')
}
