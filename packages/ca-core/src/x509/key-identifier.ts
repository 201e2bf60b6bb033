import { hash } from 'node:crypto'
import type { PublicKey } from '../keys/public-key.ts'

/** RFC 7093 section 2, method 1: the leftmost 160 bits of the SHA-256 of the key's BIT STRING. */
const keyIdDigits = 2 * 20

/** The identifier of a key in SKI and AKI extensions, lower-case hexadecimal. */
export function keyIdOf(publicKey: PublicKey): string {
  return hash('sha256', publicKey.bits, 'hex').slice(0, keyIdDigits)
}
