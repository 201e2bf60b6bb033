import { keyAlgorithms } from '../keys/key-algorithms.ts'
import type { KeyType } from '../keys/key-type.ts'
import type { PublicKey } from '../keys/public-key.ts'
import type { Signer } from '../ports/signer.ts'
import type { FlattenedJws } from './flattened-jws.ts'
import { isJwsSignedBy, signingInputOf } from './jws-signature.ts'

/** Length of `r` and of `s` in a JWS (RFC 7518 3.4). */
const coordinateBytes: Partial<Record<KeyType, number>> = { 'ec-p256': 32, 'ec-p384': 48 }

/**
 * Signs as a JWS with a key that only makes signatures as they stand in certificates, such as the authority's,
 * which may be in a token. The signing input is ASCII and begins with `e`, so it never is a certificate's DER,
 * which begins with 0x30.
 */
export async function signWithSigner(
  payload: Uint8Array,
  header: Readonly<Record<string, string | number>>,
  signer: Signer,
): Promise<FlattenedJws> {
  const { keyType } = signer
  const parts = {
    protected: encode(JSON.stringify({ ...header, alg: signerJwsAlgorithmOf(keyType) })),
    payload: encode(payload),
  }
  const signature = await signer.sign(signingInputOf(parts))
  const size = coordinateBytes[keyType]
  return { ...parts, signature: encode(size === undefined ? signature : toFixedLength(signature, size)) }
}

/** Whether the signature is one of `publicKey`'s over this JWS, whatever algorithm the JWS claims. */
export function isSignedBySigner(jws: FlattenedJws, publicKey: PublicKey): boolean {
  return isJwsSignedBy(jws, publicKey, 'pkcs1')
}

/** RFC 7518 3.1: RSA keys of authorities sign with PKCS #1 v1.5, as certificates need it. */
export function signerJwsAlgorithmOf(keyType: KeyType): string {
  const { jws } = keyAlgorithms[keyType]
  return jws === 'PS256' ? 'RS256' : jws
}

/** `Ecdsa-Sig-Value` (RFC 3279 2.2.3): SEQUENCE of two INTEGERs, whose lengths take one octet for these curves. */
export function toFixedLength(der: Uint8Array, size: number): Uint8Array {
  const fixed = new Uint8Array(2 * size)
  let offset = 2
  for (const end of [size, 2 * size]) {
    const length = der[offset + 1] ?? 0
    const integer = der.subarray(offset + 2, offset + 2 + length)
    // A leading zero keeps an INTEGER positive; a short one has its leading zeros left out.
    const digits = integer.subarray(Math.max(0, length - size))
    fixed.set(digits, end - digits.length)
    offset += 2 + length
  }
  return fixed
}

function encode(value: string | Uint8Array): string {
  return Buffer.from(value).toString('base64url')
}
