import type { Instant, TrustBundle } from '@mayfly/ca-core'
import * as z from 'zod'
import { instantSchema, sha256Schema } from './field-schemas.ts'

/** The trust bundle as it lies in the state folder. */
export interface BundleRecord {
  readonly format: 1
  /** The signed bundle, as the issuer served it. */
  readonly text: string
  /** The root by whose signature the text was accepted. */
  readonly acceptedByRoot: string
  /** When an issuer last said that this is the newest. */
  readonly checkedAt: Instant
}

export const bundleRecordSchema: z.ZodType<BundleRecord> = z.strictObject({
  format: z.literal(1),
  text: z.string(),
  acceptedByRoot: sha256Schema,
  checkedAt: instantSchema,
})

/** A trust bundle in memory, verified, with what was said at the look at `checkedAt`. */
export interface HeldBundle extends Partial<SaidOfTrust> {
  readonly bundle: TrustBundle
  readonly checkedAt: Instant
}

/** What issuers say at a look at the bundle, besides it. In memory only: a start asks again soon. */
export interface SaidOfTrust {
  /** Intermediates that are tainted, by SHA-256. */
  readonly tainted: readonly string[]
  /** How long the look holds, where the issuer said so. */
  readonly maxAgeSeconds: number | undefined
}
