import { addSeconds, backdateSeconds, type Instant, secondMs } from '@mayfly/ca-core'
import * as z from 'zod'
import { instantSchema, pemSchema, serialSchema } from './field-schemas.ts'

/** A certificate with its private key, as the state file holds it. */
export interface Credential {
  /** Lower hex, as everywhere. */
  readonly serial: string
  /** Leaf first, then its intermediate. */
  readonly chainPem: string
  readonly keyPem: string
  /** Both times are read from the leaf once, when it is accepted. */
  readonly notBefore: Instant
  readonly notAfter: Instant
}

export const credentialSchema: z.ZodType<Credential> = z.strictObject({
  serial: serialSchema,
  chainPem: pemSchema,
  keyPem: pemSchema,
  notBefore: instantSchema,
  notAfter: instantSchema,
})

/** When the certificate was made: issuers write an earlier beginning into it, for hosts whose clocks are behind. */
export function issuedAt({ notBefore, notAfter }: Credential): Instant {
  return Math.min(addSeconds(notBefore, backdateSeconds), notAfter - secondMs)
}

/** How long the certificate was made to live, in milliseconds. */
export function lifetimeMs(credential: Credential): number {
  return credential.notAfter - issuedAt(credential)
}

/** The moment at which `share` (0…1) of the certificate's life has passed. */
export function lifePoint(credential: Credential, share: number): Instant {
  return issuedAt(credential) + share * lifetimeMs(credential)
}
