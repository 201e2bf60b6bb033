import { createPublicKey, type KeyObject, type PublicKeyInput } from 'node:crypto'
import { parseDer } from '../der/der-element.ts'
import { bitStringBytesOf, fieldsOf, integerBytesOf, smallIntegerOf } from '../der/der-values.ts'
import { encodeBitString, encodeSequence } from '../der/der-writer.ts'
import { ownBytes } from '../der/own-bytes.ts'
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
  /** What is in the BIT STRING of `spki`. */
  readonly bits: Uint8Array
  /** Opened when it is first asked for. Throws `key-invalid` where OpenSSL does not accept it. */
  readonly key: KeyObject
  /** The same as `verify` takes it: a key that was not opened yet is opened for that verification alone. */
  readonly verificationKey: { readonly key: KeyObject } | PublicKeyInput
}

/** An ML-DSA-87 key has 2,614 bytes. */
export const spkiBytesMax = 4_096

/**
 * Reads a SubjectPublicKeyInfo of one of the eight key types. There is one accepted encoding per key.
 * Throws `key-weak` (RSA under 3,072 bits or another exponent than 65537), `key-type-unsupported` (other
 * curves and algorithms among them), or `key-invalid`.
 */
export function parsePublicKey(spki: Uint8Array): PublicKey {
  const publicKey = readPublicKey(spki)
  publicKey.key
  return publicKey
}

/**
 * The same without asking OpenSSL whether the point is on its curve, for keys that a signature is verified with
 * right away or was verified with before: opening costs as much as a tenth of the verification, twice with the
 * collection of what was opened.
 */
export function readPublicKey(spki: Uint8Array): PublicKey {
  return readKey(spki)
}

/** `opened` is the key that `spki` was exported from. */
function readKey(spki: Uint8Array, opened?: KeyObject): PublicKey {
  // A copy: the input may be a view of a whole request, or a buffer that its owner writes to again.
  const own = ownBytes(spki)
  const form = formsByLength.get(own.length)
  if (form !== undefined && startsWith(own, form.prefix)) {
    return new SpkiKey(form.type, own, own.subarray(form.bitsStart), opened)
  }
  const { algorithm, bits } = readSpki(own)
  const type = rsaTypes.find((candidate) => isRsaKeyOf(keyAlgorithms[candidate], algorithm, bits))
  if (type === undefined) throw refusalOf(algorithm, bits)
  return new SpkiKey(type, own, bits, opened)
}

/** The public key inside a node:crypto key. Throws as `parsePublicKey`. */
export function publicKeyOf(key: KeyObject): PublicKey {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key
  const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }))
  return readKey(spki, publicKey)
}

class SpkiKey implements PublicKey {
  readonly type: KeyType
  readonly spki: Uint8Array
  readonly hash: string
  readonly bits: Uint8Array
  #key: KeyObject | undefined

  constructor(type: KeyType, spki: Uint8Array, bits: Uint8Array, opened: KeyObject | undefined) {
    this.type = type
    this.spki = spki
    this.hash = sha256Hex(spki)
    this.bits = bits
    this.#key = opened
  }

  get key(): KeyObject {
    this.#key ??= openKey(this.spki)
    return this.#key
  }

  get verificationKey(): { readonly key: KeyObject } | PublicKeyInput {
    return this.#key === undefined ? inputOf(this.spki) : { key: this.#key }
  }
}

/** The bytes before the key itself, in the one encoding of a type whose keys have one length. */
interface SpkiForm {
  readonly type: KeyType
  readonly prefix: Uint8Array
  readonly bitsStart: number
}

const rsaTypes = ['rsa-3072', 'rsa-4096'] as const satisfies readonly KeyType[]

/** No two types have keys of the same length. */
const formsByLength: ReadonlyMap<number, SpkiForm> = new Map(
  keyTypes.flatMap((type) => {
    const row: KeyAlgorithm = keyAlgorithms[type]
    if (row.publicKeyBytes === undefined) return []
    const spki = encodeSequence(row.spkiAlgorithm, encodeBitString(new Uint8Array(row.publicKeyBytes)))
    const bitsStart = spki.length - row.publicKeyBytes
    const header = spki.subarray(0, bitsStart)
    // RFC 5480 2.2: uncompressed points only, so that a key has one encoding (and one hash).
    const prefix = row.digest === null ? header : Uint8Array.of(...header, 0x04)
    return [[spki.length, { type, prefix, bitsStart }]]
  }),
)

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  for (let at = 0; at < prefix.length; at++) if (bytes[at] !== prefix[at]) return false
  return true
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

function isRsaKeyOf(row: KeyAlgorithm, algorithm: Uint8Array, bits: Uint8Array): boolean {
  if (Buffer.compare(row.spkiAlgorithm, algorithm) !== 0) return false
  const { modulusBits, exponent, odd } = readRsaKey(bits)
  return modulusBits === row.modulusBits && exponent === 65_537 && odd
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
    return createPublicKey(inputOf(spki))
  } catch (cause) {
    throw keyInvalid(cause)
  }
}

/** Bytes of SubjectPublicKeyInfo as node:crypto takes them; its types know only the subclass. */
function inputOf(spki: Uint8Array): PublicKeyInput {
  return { key: spki as Buffer, format: 'der', type: 'spki' }
}

/** For whoever lets OpenSSL open a key. */
export function keyInvalid(cause?: unknown): MayflyError {
  return new MayflyError('key-invalid', 'OpenSSL does not accept the public key.', { cause })
}
