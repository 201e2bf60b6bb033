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

/** A trust bundle in memory, verified. */
export interface HeldBundle {
  readonly bundle: TrustBundle
  readonly checkedAt: Instant
  /**
   * Intermediates that the issuer said are tainted when it was last asked, by SHA-256. In memory only: a start asks
   * again soon.
   */
  readonly tainted?: readonly string[]
}
