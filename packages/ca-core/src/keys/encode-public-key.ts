import { encodeBitString, encodeSequence, encodeUnsignedInteger } from '../der/der-writer.ts'
import { keyAlgorithms } from './key-algorithms.ts'
import type { KeyType } from './key-type.ts'

/** The SubjectPublicKeyInfo (RFC 5280 4.1.2.7) of a key given by the content of its BIT STRING, DER. */
export function encodePublicKey(keyType: KeyType, bits: Uint8Array): Uint8Array {
  return encodeSequence(keyAlgorithms[keyType].spkiAlgorithm, encodeBitString(bits))
}

/** RSAPublicKey (RFC 8017 A.1.1), DER, from modulus and exponent, the high octet first. */
export function encodeRsaBits(modulus: Uint8Array, publicExponent: Uint8Array): Uint8Array {
  return encodeSequence(encodeUnsignedInteger(modulus), encodeUnsignedInteger(publicExponent))
}
