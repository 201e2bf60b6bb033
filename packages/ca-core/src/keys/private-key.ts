import { createPrivateKey, type KeyObject } from 'node:crypto'
import { decodePem, encodePem } from '../der/pem.ts'
import { MayflyError } from '../errors/mayfly-error.ts'
import { type KeyPair, keyPairOf } from './key-pair.ts'

/** The private key as unencrypted PKCS #8 PEM. */
export function encodePrivateKey(keyPair: KeyPair): string {
  return encodePem('PRIVATE KEY', new Uint8Array(keyPair.privateKey.export({ type: 'pkcs8', format: 'der' })))
}

/** Reads unencrypted PKCS #8 PEM. Throws `key-invalid`, `key-weak` or `key-type-unsupported`. */
export function parsePrivateKey(pem: string): KeyPair {
  return keyPairOf(openPrivateKey(pem))
}

function openPrivateKey(pem: string): KeyObject {
  try {
    const der = decodePem('PRIVATE KEY', pem)
    return createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' })
  } catch (cause) {
    const encrypted = pem.includes('BEGIN ENCRYPTED PRIVATE KEY')
    const advice = encrypted ? ' It is encrypted, and needs its passphrase.' : ''
    throw new MayflyError('key-invalid', `The private key is no PKCS #8 PEM that can be read.${advice}`, {
      cause,
    })
  }
}
