import type { SweepStop } from './sweep-stop.ts'

export interface WaitingKeys {
  readonly keys: number
  /** Error codes. */
  readonly because: readonly string[]
}

/** What a sweep did. */
export interface SweepReport {
  /** Identities that were due. */
  readonly due: number
  readonly minted: number
  /** Those that could not be minted; the audit says why. The others went on. */
  readonly failed: number
  /** Of those, the keys that failed for reasons of the issuer's own, and stay due; absent where there are none. */
  readonly waiting?: WaitingKeys
  /** What ended the sweep before its end; it begins anew with the next. */
  readonly stopped?: SweepStop
}
