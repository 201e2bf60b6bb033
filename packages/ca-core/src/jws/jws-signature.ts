import { sign, verify } from 'node:crypto'
import { keyAlgorithms } from '../keys/key-algorithms.ts'
import type { KeyPair } from '../keys/key-pair.ts'
import type { PublicKey } from '../keys/public-key.ts'
import { jwsOptionsOf, type RsaPadding } from './jws-options.ts'

/** A JWS in the flattened JSON serialisation (RFC 7515 7.2.2), with every header parameter signed. */
export interface FlattenedJws {
  readonly protected: string
  readonly payload: string
  readonly signature: string
}

/**
 * Whether the signature is one of `publicKey`'s over this JWS, with the one algorithm of its type. What the header
 * claims is for the caller to compare. node:crypto decides within the call; jose would import the key anew for each
 * message and wait for another thread.
 */
export function isJwsSignedBy(jws: FlattenedJws, publicKey: PublicKey, rsaPadding: RsaPadding): boolean {
  const signature = signatureBytesOf(jws)
  if (signature === undefined) return false
  const { digest } = keyAlgorithms[publicKey.type]
  const options = jwsOptionsOf(publicKey.type, rsaPadding)
  try {
    return verify(digest, signingInputOf(jws), { ...publicKey.verificationKey, ...options }, signature)
  } catch {
    // Whatever a crafted message makes the verifier throw, it did not verify.
    return false
  }
}

/** One text for each signature: the decoder passes over characters and bits that do not belong there. */
export function signatureBytesOf(jws: FlattenedJws): Uint8Array | undefined {
  const signature = Buffer.from(jws.signature, 'base64url')
  return signature.toString('base64url') === jws.signature ? signature : undefined
}

/** Signs as a host does it (RFC 7518 3.4, 3.5), within the call. */
export function signJws(jws: Omit<FlattenedJws, 'signature'>, { type, privateKey }: KeyPair): Uint8Array {
  const options = jwsOptionsOf(type, 'pss')
  return sign(keyAlgorithms[type].digest, signingInputOf(jws), { key: privateKey, ...options })
}

/** RFC 7515 5.1: what a signature covers. */
export function signingInputOf({ protected: header, payload }: Omit<FlattenedJws, 'signature'>): Uint8Array {
  return Buffer.from(`${header}.${payload}`, 'latin1')
}
