import type { Instant } from '@mayfly/ca-core'

/**
 * One line of the log of issuance, kept for ever: that a serial was set aside for a key.
 * `pending` until the certificate is recorded; `burnt` where it never will be.
 */
export interface IssuanceRecord {
  readonly serial: string
  /** SHA-256 of the public key's DER SubjectPublicKeyInfo, lower hex. */
  readonly keyHash: string
  readonly identityId: number
  readonly lineage: number
  readonly generation: number
  /** The generation that asked for this one; 0 where it begins a lineage. */
  readonly parentGeneration: number
  readonly state: 'pending' | 'recorded' | 'burnt'
  readonly intendedAt: Instant
  readonly notAfter: Instant
}

/** What is set down before anything is signed. */
export type Intent = Omit<IssuanceRecord, 'state'>

/** The intermediates that complete a leaf's chain, stored once for all leaves under them. */
export interface StoredChain {
  /** SHA-256 of the issuing intermediate's DER, lower hex. */
  readonly fingerprint: string
  /** PEM, intermediate first, root excluded. */
  readonly pem: string
}

/** A signed certificate, on its way into the store. */
export interface NewCertificate {
  readonly serial: string
  readonly der: Uint8Array
  readonly notBefore: Instant
  readonly notAfter: Instant
  /** Drawn once, here. */
  readonly renewAt: Instant
  readonly chain: StoredChain
}

/** A certificate that is still kept in full, with its line in the log of issuance. */
export interface CertificateRecord extends NewCertificate {
  readonly issuance: IssuanceRecord
}
