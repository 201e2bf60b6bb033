import type { Certificate, KeyPair, TrustBundle } from '@mayfly/ca-core'

/** What one generation is made from: a key, its certificate with the chain, and the roots to trust. */
export interface Material {
  /** The leaf first, then its intermediate; no root. */
  readonly chain: readonly Certificate[]
  /** `chain` as PEM, as the issuer sent it. */
  readonly chainPem: string
  readonly keyPair: KeyPair
  readonly bundle: TrustBundle
}
