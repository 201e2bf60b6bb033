import type { Instant } from '@mayfly/ca-core'
import * as z from 'zod'
import { instantSchema, pemSchema, sha256Schema } from './field-schemas.ts'

/** The issuer's word on when a staged key will have its certificate. */
export interface MintPromise {
  /** When it was given. */
  readonly at: Instant
  readonly mintAt: Instant
  /** When to look for the certificate (again). */
  readonly fetchAt: Instant
  /** When to stop only looking, and ask again. */
  readonly askAgainAt: Instant
}

/** A key that waits for its certificate. It is on disk before anyone is asked to certify it. */
export interface StagedKey {
  readonly keyPem: string
  /** Lower hex SHA-256 of the public key: its address at the issuer. */
  readonly keyHash: string
  readonly madeAt: Instant
  /** Asked for at once rather than on the issuer's schedule. */
  readonly immediate: boolean
  /** Absent until a request for this key was answered. */
  readonly promise?: MintPromise
  /** How many certificates for this key were refused. */
  readonly refusals: number
}

export const stagedKeySchema: z.ZodType<StagedKey> = z.strictObject({
  keyPem: pemSchema,
  keyHash: sha256Schema,
  madeAt: instantSchema,
  immediate: z.boolean(),
  promise: z
    .strictObject({
      at: instantSchema,
      mintAt: instantSchema,
      fetchAt: instantSchema,
      askAgainAt: instantSchema,
    })
    .exactOptional(),
  refusals: z.int().nonnegative(),
})
