import type { Instant } from '@mayfly/ca-core'

/** What the store knows of an enrolment token; never the token itself. */
export interface TokenRecord {
  readonly jti: string
  /** Name of the identity that it lets in. */
  readonly identity: string
  readonly createdAt: Instant
  readonly expiresAt: Instant
  readonly revokedAt?: Instant
  readonly use?: TokenUse
}

/** A token is bound to the first key that it is used for. */
export interface TokenUse {
  readonly at: Instant
  readonly keyHash: string
}

export type NewToken = Omit<TokenRecord, 'revokedAt' | 'use'>
