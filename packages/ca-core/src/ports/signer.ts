import type { MayflyError } from '../errors/mayfly-error.ts'
import type { KeyType } from '../keys/key-type.ts'
import type { Instant } from '../time/instant.ts'

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
  /** Why it cannot sign now, where it knows of something that has not passed; nothing is to be begun then. */
  fault?(): SignerFault | undefined
}

export interface SignerFault {
  /** When the first signature failed. */
  readonly since: Instant
  readonly error: MayflyError
}
