import { sign, verify } from 'node:crypto'
import type { Signer } from '../ports/signer.ts'
import { keyAlgorithms } from './key-algorithms.ts'
import type { KeyPair } from './key-pair.ts'
import { keyInvalid, type PublicKey } from './public-key.ts'

/** A `Signer` that answers at once. */
export interface KeySigner extends Signer {
  sign(message: Uint8Array): Uint8Array
}

/** A `Signer` over a key in memory. Signing is synchronous: for P-256 a thread would cost more than it gives. */
export function keySigner(keyPair: KeyPair): KeySigner {
  const { digest } = keyAlgorithms[keyPair.type]
  return {
    keyType: keyPair.type,
    spki: keyPair.publicKey.spki,
    sign: (message) => sign(digest, message, keyPair.privateKey),
  }
}

/**
 * Whether `signature` (as it stands in a certificate) over `message` is by `publicKey`. Decided by node:crypto.
 * Throws `key-invalid` where OpenSSL does not accept the key.
 */
export function verifySignature(publicKey: PublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verify(keyAlgorithms[publicKey.type].digest, message, publicKey.verificationKey, signature)
  } catch (cause) {
    throw keyInvalid(cause)
  }
}
