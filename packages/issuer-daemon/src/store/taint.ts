import type { Instant } from '@mayfly/ca-core'
import type { StoredChain } from './issuance-record.ts'

/** That an intermediate's key may be in other hands. It is never taken back. */
export interface Taint {
  /** SHA-256 of the intermediate's DER, lower hex. */
  readonly fingerprint: string
  readonly at: Instant
}

/** An intermediate that has issued, and what lives under it. */
export interface ChainUse extends StoredChain {
  /** Certificates under it that have not expired. */
  readonly liveLeaves: number
  /** The end of the last of them. */
  readonly lastNotAfter?: Instant
}
