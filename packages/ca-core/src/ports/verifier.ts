import type { KeyType } from '../keys/key-type.ts'

/** A signature of a host, and what is needed to check it. */
export interface SignatureCheck {
  readonly keyType: KeyType
  /** The public key, DER SubjectPublicKeyInfo. */
  readonly spki: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
  /** As signatures stand in certificates and certificate requests, or as they stand in a JWS. */
  readonly form: SignatureForm
}

export type SignatureForm = 'certificate' | 'jws'

/** `key-invalid` where OpenSSL does not accept the key. */
export type SignatureVerdict = 'signed' | 'not-signed' | 'key-invalid'

/** Checks signatures as `checkSignature` does: within the call, or beside it. Rejects for no signature. */
export interface Verifier {
  verify(check: SignatureCheck): SignatureVerdict | Promise<SignatureVerdict>
}
