import { constants, type SigningOptions, sign, verify } from 'node:crypto'
import { type KeyAlgorithm, keyAlgorithms } from '../keys/key-algorithms.ts'
import type { KeyPair } from '../keys/key-pair.ts'
import type { KeyType } from '../keys/key-type.ts'
import type { PublicKey } from '../keys/public-key.ts'
import type { FlattenedJws } from './flattened-jws.ts'

/** How RSA keys sign: hosts as RFC 7518 3.5 wants it, authorities as certificates need it. */
export type RsaPadding = 'pss' | 'pkcs1'

/**
 * Whether the signature is one of `publicKey`'s over this JWS, with the one algorithm of its type. What the header
 * claims is for the caller to compare. node:crypto decides within the call; jose would import the key anew for each
 * message and wait for another thread.
 */
export function isJwsSignedBy(jws: FlattenedJws, publicKey: PublicKey, rsaPadding: RsaPadding): boolean {
  const signature = Buffer.from(jws.signature, 'base64url')
  // One text for each signature: the decoder passes over characters and bits that do not belong there.
  if (signature.toString('base64url') !== jws.signature) return false
  const { digest } = keyAlgorithms[publicKey.type]
  const options = optionsOf(publicKey.type, rsaPadding)
  try {
    return verify(digest, signingInputOf(jws), { ...publicKey.verificationKey, ...options }, signature)
  } catch {
    // Whatever a crafted message makes the verifier throw, it did not verify.
    return false
  }
}

/** Signs as a host does it (RFC 7518 3.4, 3.5), within the call. */
export function signJws(jws: Omit<FlattenedJws, 'signature'>, { type, privateKey }: KeyPair): Uint8Array {
  const options = optionsOf(type, 'pss')
  return sign(keyAlgorithms[type].digest, signingInputOf(jws), { key: privateKey, ...options })
}

/** RFC 7515 5.1: what a signature covers. */
export function signingInputOf({ protected: header, payload }: Omit<FlattenedJws, 'signature'>): Uint8Array {
  return Buffer.from(`${header}.${payload}`, 'latin1')
}

function optionsOf(type: KeyType, rsaPadding: RsaPadding): SigningOptions {
  const { modulusBits }: KeyAlgorithm = keyAlgorithms[type]
  return modulusBits === undefined ? fixedLength : rsaOptions[rsaPadding]
}

/** RFC 7518 3.4: `r` and `s` one after the other; other algorithms pass over it. */
const fixedLength: SigningOptions = { dsaEncoding: 'ieee-p1363' }

const rsaOptions: Readonly<Record<RsaPadding, SigningOptions>> = {
  // RFC 7518 3.5: the salt is as long as the digest.
  pss: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
  pkcs1: { padding: constants.RSA_PKCS1_PADDING },
}
