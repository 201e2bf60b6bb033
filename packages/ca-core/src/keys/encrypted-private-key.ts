import { createCipheriv, createPrivateKey, type KeyObject, scrypt } from 'node:crypto'
import { parseDer } from '../der/der-element.ts'
import { fieldsOf } from '../der/der-values.ts'
import { encodeOctetString, encodeOid, encodeSequence, encodeSmallInteger } from '../der/der-writer.ts'
import { oids } from '../der/oids.ts'
import { decodePem, encodePem } from '../der/pem.ts'
import { MayflyError } from '../errors/mayfly-error.ts'
import type { Random } from '../ports/random.ts'
import { type KeyPair, keyPairOf } from './key-pair.ts'

/**
 * OWASP Password Storage Cheat Sheet: N=2^14, r=8, p=5 is as strong as N=2^17, r=8, p=1. It needs
 * 16 MiB, and OpenSSL refuses to open an encrypted key that needs more than 32 MiB.
 */
export const scryptCost = { N: 2 ** 14, r: 8, p: 5 } as const

const saltBytes = 16
const ivBytes = 16
const keyBytes = 32
const scryptMemoryBytesMax = 64 * 1024 * 1024

/** node:crypto reads at most this much passphrase when it opens a key. */
export const passphraseBytesMax = 1_024

/**
 * The private key as encrypted PKCS #8 PEM: PBES2 (RFC 8018) with scrypt (RFC 7914) and AES-256-CBC.
 * `openssl pkey` opens it. Salt and initialisation vector are drawn from `random`.
 */
export async function encryptPrivateKey(
  keyPair: KeyPair,
  passphrase: Uint8Array,
  random: Random,
): Promise<string> {
  checkPassphrase(passphrase)
  const salt = random.bytes(saltBytes)
  const iv = random.bytes(ivBytes)
  const key = await deriveKey(passphrase, salt)
  const plain = keyPair.privateKey.export({ type: 'pkcs8', format: 'der' })
  const cipher = createCipheriv('aes-256-cbc', key, iv)
  const encrypted = Buffer.concat([cipher.update(plain), cipher.final()])
  plain.fill(0)
  key.fill(0)
  return encodePem('ENCRYPTED PRIVATE KEY', encodeSequence(pbes2(salt, iv), encodeOctetString(encrypted)))
}

/**
 * Opens encrypted PKCS #8 PEM, by whichever scheme OpenSSL reads (scrypt and PBKDF2 alike).
 * Throws `passphrase-wrong`, or `key-invalid` where it is no encrypted key at all.
 */
export async function decryptPrivateKey(pem: string, passphrase: Uint8Array): Promise<KeyPair> {
  checkPassphrase(passphrase)
  const der = decodeEncryptedKey(pem)
  return keyPairOf(openEncrypted(der, passphrase))
}

/** Whether `pem` is an encrypted private key, so that a caller knows to ask for a passphrase. */
export function isEncryptedPrivateKey(pem: string): boolean {
  return pem.includes('-----BEGIN ENCRYPTED PRIVATE KEY-----')
}

function pbes2(salt: Uint8Array, iv: Uint8Array): Uint8Array {
  const kdf = encodeSequence(
    encodeOid(oids.scrypt),
    encodeSequence(
      encodeOctetString(salt),
      encodeSmallInteger(scryptCost.N),
      encodeSmallInteger(scryptCost.r),
      encodeSmallInteger(scryptCost.p),
      encodeSmallInteger(keyBytes),
    ),
  )
  const cipher = encodeSequence(encodeOid(oids.aes256Cbc), encodeOctetString(iv))
  return encodeSequence(encodeOid(oids.pbes2), encodeSequence(kdf, cipher))
}

function deriveKey(passphrase: Uint8Array, salt: Uint8Array): Promise<Buffer> {
  const options = { ...scryptCost, maxmem: scryptMemoryBytesMax }
  return new Promise((resolve, reject) => {
    scrypt(passphrase, salt, keyBytes, options, (error, key) =>
      error === null ? resolve(key) : reject(error),
    )
  })
}

/** The outer form is checked here, so that whatever fails afterwards is the passphrase. */
function decodeEncryptedKey(pem: string): Uint8Array {
  try {
    const der = decodePem('ENCRYPTED PRIVATE KEY', pem)
    const fields = fieldsOf(parseDer(der))
    fieldsOf(fields.takeAny())
    fields.takeAny()
    fields.end()
    return der
  } catch (cause) {
    throw new MayflyError('key-invalid', 'The key is no encrypted PKCS #8 PEM that can be read.', { cause })
  }
}

function openEncrypted(der: Uint8Array, passphrase: Uint8Array): KeyObject {
  try {
    return createPrivateKey({
      key: Buffer.from(der),
      format: 'der',
      type: 'pkcs8',
      passphrase: Buffer.from(passphrase),
    })
  } catch {
    // The cause is left out: OpenSSL tells a wrong padding from a wrong content, which nobody needs to learn.
    throw new MayflyError('passphrase-wrong', 'The passphrase does not open the key.')
  }
}

function checkPassphrase(passphrase: Uint8Array): void {
  if (passphrase.length === 0) throw new MayflyError('passphrase-wrong', 'The passphrase is empty.')
  if (passphrase.length > passphraseBytesMax) {
    throw new MayflyError('passphrase-wrong', `The passphrase is longer than ${passphraseBytesMax} bytes.`)
  }
}
