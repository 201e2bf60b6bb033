import { encodeNull, encodeOid, encodeSequence } from '../der/der-writer.ts'
import { oids } from '../der/oids.ts'
import type { KeyType } from './key-type.ts'

export interface KeyAlgorithm {
  /** The AlgorithmIdentifier inside SubjectPublicKeyInfo, DER. There is exactly one per key type. */
  readonly spkiAlgorithm: Uint8Array
  /** The AlgorithmIdentifier of signatures by such a key, DER. */
  readonly signatureAlgorithm: Uint8Array
  /** The digest to tell node:crypto, `null` where the algorithm brings its own. */
  readonly digest: 'sha256' | 'sha384' | null
  /** The `alg` of JWS (RFC 7518, RFC 8037, RFC 9964). */
  readonly jws: string
  /** Length of the BIT STRING in SubjectPublicKeyInfo; absent for RSA, whose modulus is measured instead. */
  readonly publicKeyBytes?: number
  readonly modulusBits?: number
}

const ecP256: KeyAlgorithm = {
  spkiAlgorithm: encodeSequence(encodeOid(oids.ecPublicKey), encodeOid(oids.p256)),
  signatureAlgorithm: encodeSequence(encodeOid(oids.ecdsaWithSha256)),
  digest: 'sha256',
  jws: 'ES256',
  publicKeyBytes: 65,
}

const ecP384: KeyAlgorithm = {
  spkiAlgorithm: encodeSequence(encodeOid(oids.ecPublicKey), encodeOid(oids.p384)),
  signatureAlgorithm: encodeSequence(encodeOid(oids.ecdsaWithSha384)),
  digest: 'sha384',
  jws: 'ES384',
  publicKeyBytes: 97,
}

/** The table behind every key type: one row, one encoding, one signature algorithm. */
export const keyAlgorithms = {
  'ec-p256': ecP256,
  'ec-p384': ecP384,
  ed25519: pure(oids.ed25519, 'EdDSA', 32),
  'rsa-3072': rsa(3072),
  'rsa-4096': rsa(4096),
  'ml-dsa-44': pure(oids.mlDsa44, 'ML-DSA-44', 1312),
  'ml-dsa-65': pure(oids.mlDsa65, 'ML-DSA-65', 1952),
  'ml-dsa-87': pure(oids.mlDsa87, 'ML-DSA-87', 2592),
} as const satisfies Record<KeyType, KeyAlgorithm>

/** RFC 8410 section 3, RFC 9881 section 2: one identifier for key and signature, parameters absent. */
function pure(oid: string, jws: string, publicKeyBytes: number): KeyAlgorithm {
  const algorithm = encodeSequence(encodeOid(oid))
  return { spkiAlgorithm: algorithm, signatureAlgorithm: algorithm, digest: null, jws, publicKeyBytes }
}

/** RFC 4055 section 5: PKCS #1 v1.5 in certificates, which every TLS stack reads; parameters are NULL. */
function rsa(modulusBits: number): KeyAlgorithm {
  return {
    spkiAlgorithm: encodeSequence(encodeOid(oids.rsaEncryption), encodeNull()),
    signatureAlgorithm: encodeSequence(encodeOid(oids.sha256WithRsaEncryption), encodeNull()),
    digest: 'sha256',
    jws: 'PS256',
    modulusBits,
  }
}

/** The AlgorithmIdentifier (DER) of signatures made by keys of this type. */
export function signatureAlgorithmOf(type: KeyType): Uint8Array {
  return keyAlgorithms[type].signatureAlgorithm
}

/** The JWS `alg` for keys of this type. */
export function jwsAlgorithmOf(type: KeyType): string {
  return keyAlgorithms[type].jws
}
