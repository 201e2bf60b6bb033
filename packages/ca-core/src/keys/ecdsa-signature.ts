import { encodeSequence, encodeUnsignedInteger } from '../der/der-writer.ts'

/**
 * The `Ecdsa-Sig-Value` (RFC 3279 2.2.3) of a signature as r and s of equal length, one after the other: as PKCS #11
 * and JWS have it.
 */
export function encodeEcdsaSignature(fixed: Uint8Array): Uint8Array {
  if (fixed.length === 0 || fixed.length % 2 !== 0) throw new TypeError('r and s are not of equal length')
  const half = fixed.length / 2
  return encodeSequence(
    encodeUnsignedInteger(fixed.subarray(0, half)),
    encodeUnsignedInteger(fixed.subarray(half)),
  )
}
