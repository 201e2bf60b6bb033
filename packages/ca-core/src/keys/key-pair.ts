import { generateKeyPair as generate, type KeyObject } from 'node:crypto'
import type { KeyType } from './key-type.ts'
import { type PublicKey, publicKeyOf } from './public-key.ts'

export interface KeyPair {
  readonly type: KeyType
  readonly publicKey: PublicKey
  readonly privateKey: KeyObject
}

const generators: Record<KeyType, { readonly type: string; readonly options: object }> = {
  'ec-p256': { type: 'ec', options: { namedCurve: 'P-256' } },
  'ec-p384': { type: 'ec', options: { namedCurve: 'P-384' } },
  ed25519: { type: 'ed25519', options: {} },
  'rsa-3072': { type: 'rsa', options: { modulusLength: 3072, publicExponent: 65_537 } },
  'rsa-4096': { type: 'rsa', options: { modulusLength: 4096, publicExponent: 65_537 } },
  'ml-dsa-44': { type: 'ml-dsa-44', options: {} },
  'ml-dsa-65': { type: 'ml-dsa-65', options: {} },
  'ml-dsa-87': { type: 'ml-dsa-87', options: {} },
}

/**
 * A fresh key pair, made off the main thread. The randomness is OpenSSL's own: there is no way to
 * hand it bytes, and there should be none.
 */
export async function generateKeyPair(type: KeyType): Promise<KeyPair> {
  const generator = generators[type]
  const privateKey = await new Promise<KeyObject>((resolve, reject) => {
    startGenerating(generator.type, generator.options, (error, _publicKey, made) => {
      if (error === null) resolve(made)
      else reject(error)
    })
  })
  return keyPairOf(privateKey)
}

/** The overloads of `node:crypto` take one type at a time. */
const startGenerating = (
  type: string,
  options: object,
  done: (error: Error | null, publicKey: KeyObject, privateKey: KeyObject) => void,
): void => (generate as unknown as typeof startGenerating)(type, options, done)

/** The pair of a private key. Throws `key-weak`, `key-type-unsupported` or `key-invalid`. */
export function keyPairOf(privateKey: KeyObject): KeyPair {
  if (privateKey.type !== 'private') throw new TypeError('keyPairOf takes a private key')
  const publicKey = publicKeyOf(privateKey)
  return { type: publicKey.type, publicKey, privateKey }
}
