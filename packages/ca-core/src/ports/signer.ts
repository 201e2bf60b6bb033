import type { KeyType } from '../keys/key-type.ts'

/** A private key that signs without showing itself: in memory, or behind a token or service. */
export interface Signer {
  readonly keyType: KeyType
  /** The public key, DER SubjectPublicKeyInfo. */
  readonly spki: Uint8Array
  /**
   * Signs `message` with the algorithm that `keyType` prescribes (see `signatureAlgorithmOf`).
   * Returns the signature as it stands in a certificate (ECDSA: DER `Ecdsa-Sig-Value`, RFC 3279 2.2.3).
   */
  sign(message: Uint8Array): Uint8Array | Promise<Uint8Array>
}
