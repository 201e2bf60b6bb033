import { createPublicKey, type KeyObject } from 'node:crypto'
import { parseDer } from '../der/der-element.ts'
import { bitStringBytesOf, fieldsOf, integerBytesOf, smallIntegerOf } from '../der/der-values.ts'
import { MayflyError } from '../errors/mayfly-error.ts'
import { sha256Hex } from './fingerprint.ts'
import { type KeyAlgorithm, keyAlgorithms } from './key-algorithms.ts'
import { type KeyType, keyTypes } from './key-type.ts'

export interface PublicKey {
  readonly type: KeyType
  /** DER SubjectPublicKeyInfo. */
  readonly spki: Uint8Array
  /** SHA-256 of `spki`, lower-case hexadecimal: the name of the key in URLs, logs and the store. */
  readonly hash: string
  readonly key: KeyObject
}

/** An ML-DSA-87 key has 2,614 bytes. */
export const spkiBytesMax = 4_096

/**
 * Reads a SubjectPublicKeyInfo of one of the eight key types. There is one accepted encoding per key.
 * Throws `key-weak` (RSA under 3,072 bits or another exponent than 65537), `key-type-unsupported` (other
 * curves and algorithms among them), or `key-invalid`.
 */
export function parsePublicKey(spki: Uint8Array): PublicKey {
  const type = typeOf(spki)
  // A copy: the input may be a view of a whole request, or a buffer that its owner writes to again.
  return { type, spki: new Uint8Array(spki), hash: sha256Hex(spki), key: openKey(spki) }
}

function typeOf(encoded: Uint8Array): KeyType {
  const { algorithm, bits } = readSpki(encoded)
  const type = keyTypes.find((candidate) => isKeyOf(keyAlgorithms[candidate], algorithm, bits))
  if (type === undefined) throw refusalOf(algorithm, bits)
  return type
}

/** The public key inside a node:crypto key. Throws as `parsePublicKey`. */
export function publicKeyOf(key: KeyObject): PublicKey {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key
  const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }))
  return { type: typeOf(spki), spki, hash: sha256Hex(spki), key: publicKey }
}

interface Spki {
  readonly algorithm: Uint8Array
  readonly bits: Uint8Array
}

function readSpki(spki: Uint8Array): Spki {
  try {
    const fields = fieldsOf(parseDer(spki, { bytesMax: spkiBytesMax }))
    const algorithm = fields.takeAny().encoded
    const bits = bitStringBytesOf(fields.takeAny())
    fields.end()
    return { algorithm, bits }
  } catch (cause) {
    throw new MayflyError('key-invalid', 'The public key is no DER SubjectPublicKeyInfo.', { cause })
  }
}

function isKeyOf(row: KeyAlgorithm, algorithm: Uint8Array, bits: Uint8Array): boolean {
  if (Buffer.compare(row.spkiAlgorithm, algorithm) !== 0) return false
  if (row.modulusBits === undefined) return isPointOrString(row, bits)
  const { modulusBits, exponent, odd } = readRsaKey(bits)
  return modulusBits === row.modulusBits && exponent === 65_537 && odd
}

function isPointOrString(row: KeyAlgorithm, bits: Uint8Array): boolean {
  // RFC 5480 2.2: uncompressed points only, so that a key has one encoding (and one hash).
  const uncompressed = row.digest === null || bits[0] === 0x04
  return bits.length === row.publicKeyBytes && uncompressed
}

/** RFC 8017 A.1.1. */
function readRsaKey(bits: Uint8Array): { modulusBits: number; exponent: number; odd: boolean } {
  try {
    const fields = fieldsOf(parseDer(bits))
    const modulus = integerBytesOf(fields.takeAny())
    const exponentElement = fields.takeAny()
    fields.end()
    const exponent = integerBytesOf(exponentElement).length > 4 ? Number.NaN : smallIntegerOf(exponentElement)
    const digits = modulus[0] === 0 ? modulus.subarray(1) : modulus
    const negative = (modulus[0] ?? 0) >= 0x80
    const leadingZeros = Math.clz32(digits[0] ?? 0) - 24
    const modulusBits = negative ? 0 : digits.length * 8 - leadingZeros
    return { modulusBits, exponent, odd: ((digits.at(-1) ?? 0) & 1) === 1 }
  } catch (cause) {
    throw new MayflyError('key-invalid', 'The RSA public key is broken.', { cause })
  }
}

function refusalOf(algorithm: Uint8Array, bits: Uint8Array): MayflyError {
  const sameAlgorithm = keyTypes.find(
    (type) => Buffer.compare(keyAlgorithms[type].spkiAlgorithm, algorithm) === 0,
  )
  if (sameAlgorithm === 'rsa-3072') {
    const { modulusBits, exponent, odd } = readRsaKey(bits)
    if (modulusBits < 3072) return weak(`RSA with ${modulusBits} bits; use at least 3072`)
    if (exponent !== 65_537) return weak('RSA with another public exponent than 65537')
    if (!odd) return weak('RSA with an even modulus')
  } else if (sameAlgorithm !== undefined) {
    return new MayflyError('key-invalid', `The ${sameAlgorithm} public key has a wrong length or form.`)
  }
  return new MayflyError(
    'key-type-unsupported',
    `The key is of no supported type. Use one of: ${keyTypes.join(', ')}.`,
  )
}

function weak(what: string): MayflyError {
  return new MayflyError('key-weak', `The key is too weak: ${what}.`)
}

function openKey(spki: Uint8Array): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  } catch (cause) {
    throw new MayflyError('key-invalid', 'OpenSSL does not accept the public key.', { cause })
  }
}
