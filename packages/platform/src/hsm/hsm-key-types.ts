import { hash } from 'node:crypto'
import {
  encodeEcdsaSignature,
  encodePublicKey,
  encodeRsaBits,
  type KeyType,
  keyAlgorithms,
  MayflyError,
  type PublicKey,
  parsePublicKey,
} from '@mayfly/ca-core'
import type { KeyMaking, ModuleKey } from './hsm-messages.ts'

/** How keys of one type are made and used by PKCS #11 (v3.0, sections 2.1 and 2.3). */
export interface HsmKeyType {
  readonly making: KeyMaking
  /** The mechanism that signs. */
  readonly mechanism: number
  /** What the mechanism is given of a message. */
  inputOf(message: Uint8Array): Uint8Array
  /** What it gives, as it stands in a certificate. */
  signatureOf(output: Uint8Array): Uint8Array
}

const ckm = { rsaMaking: 0x0, rsaPkcs: 0x1, ecMaking: 0x1040, ecdsa: 0x1041, edMaking: 0x1055, eddsa: 0x1057 }

const p256 = Uint8Array.from(Buffer.from('06082a8648ce3d030107', 'hex'))
const p384 = Uint8Array.from(Buffer.from('06052b81040022', 'hex'))
/** PrintableString "edwards25519", as PKCS #11 v3.0 has it; later ones take the identifier of RFC 8410. */
const edwards25519 = Uint8Array.from(Buffer.from('130c656477617264733235353139', 'hex'))
const ed25519 = Uint8Array.from(Buffer.from('06032b6570', 'hex'))

/** RFC 8017 9.2: what stands before a SHA-256 in a PKCS #1 v1.5 signature. */
const sha256Info = Buffer.from('3031300d060960864801650304020105000420', 'hex')

const same = (bytes: Uint8Array): Uint8Array => bytes

/** ML-DSA came with PKCS #11 v3.2, which no token at hand speaks. */
export const hsmKeyTypes: Partial<Record<KeyType, HsmKeyType>> = {
  'ec-p256': ec('sha256', p256),
  'ec-p384': ec('sha384', p384),
  ed25519: {
    making: { mechanism: ckm.edMaking, ecParameters: edwards25519 },
    mechanism: ckm.eddsa,
    inputOf: same,
    signatureOf: same,
  },
  'rsa-3072': rsa(3_072),
  'rsa-4096': rsa(4_096),
}

/** @throws MayflyError `key-type-unsupported` */
export function hsmKeyTypeOf(keyType: KeyType): HsmKeyType {
  const found = hsmKeyTypes[keyType]
  if (found !== undefined) return found
  const known = Object.keys(hsmKeyTypes).join(', ')
  throw new MayflyError(
    'key-type-unsupported',
    `Keys of type ${keyType} cannot be in an HSM yet. Use one of: ${known}.`,
  )
}

/** The public half of a key of the token. Throws `key-type-unsupported`, `key-weak` or `key-invalid`. */
export function publicKeyOfModuleKey(key: ModuleKey): PublicKey {
  const spki = spkiOf(key)
  if (spki !== undefined) return parsePublicKey(spki)
  throw new MayflyError(
    'key-type-unsupported',
    "The token's key is of no type that Mayfly knows, or it shows no public half. " +
      `Use one of: ${Object.keys(hsmKeyTypes).join(', ')}.`,
  )
}

function ec(digest: 'sha256' | 'sha384', ecParameters: Uint8Array): HsmKeyType {
  return {
    making: { mechanism: ckm.ecMaking, ecParameters },
    mechanism: ckm.ecdsa,
    inputOf: (message) => new Uint8Array(hash(digest, message, 'buffer')),
    signatureOf: encodeEcdsaSignature,
  }
}

function rsa(modulusBits: number): HsmKeyType {
  return {
    making: { mechanism: ckm.rsaMaking, modulusBits },
    mechanism: ckm.rsaPkcs,
    inputOf: (message) => new Uint8Array(Buffer.concat([sha256Info, hash('sha256', message, 'buffer')])),
    signatureOf: same,
  }
}

function spkiOf({ ecParameters, ecPoint, modulus, publicExponent }: ModuleKey): Uint8Array | undefined {
  if (modulus !== undefined && publicExponent !== undefined) {
    return encodePublicKey('rsa-3072', encodeRsaBits(modulus, publicExponent))
  }
  if (ecParameters === undefined || ecPoint === undefined) return undefined
  const named: readonly (readonly [KeyType, Uint8Array])[] = [
    ['ec-p256', p256],
    ['ec-p384', p384],
    ['ed25519', edwards25519],
    ['ed25519', ed25519],
  ]
  const keyType = named.find(([, parameters]) => Buffer.compare(parameters, ecParameters) === 0)?.[0]
  if (keyType === undefined) return undefined
  const { publicKeyBytes } = keyAlgorithms[keyType] as { readonly publicKeyBytes?: number }
  // The point stands in an OCTET STRING or a BIT STRING, in some tokens in neither; it is the end in each case.
  return encodePublicKey(keyType, ecPoint.slice(-(publicKeyBytes ?? 0)))
}
