import type { ErrorCode } from '@mayfly/ca-core'

/** What a sweep did. */
export interface SweepReport {
  /** Identities that were due. */
  readonly due: number
  readonly minted: number
  /** Those that could not be minted; the audit says why. The others went on. */
  readonly failed: number
  /** What ended the sweep before its end; it begins anew with the next. */
  readonly stopped?: ErrorCode
}
