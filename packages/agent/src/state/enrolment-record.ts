import type { Instant } from '@mayfly/ca-core'
import * as z from 'zod'
import { type Credential, credentialSchema } from './credential.ts'
import { instantSchema, pemSchema, profileSchema, sha256Schema } from './field-schemas.ts'

/**
 * An enrolment under way. The key is kept until the issuer has answered, so that trying again after a
 * crash asks for the same key and gets the same answer. The token itself is not kept.
 */
export interface EnrolmentRecord {
  readonly format: 1
  readonly certificate: string
  /** The token's own id: another token means another enrolment, with another key. */
  readonly jti: string
  readonly identity: string
  readonly profile: 'server' | 'client' | 'peer'
  readonly names: readonly string[]
  readonly issuerUrl: string
  readonly rootFingerprint: string
  readonly keyPem: string
  readonly madeAt: Instant
  /** The answer, once there is one; the certificate's keeper takes it up. */
  readonly answered?: Credential
}

export const enrolmentRecordSchema: z.ZodType<EnrolmentRecord> = z.strictObject({
  format: z.literal(1),
  certificate: z.string(),
  jti: z.string(),
  identity: z.string(),
  profile: profileSchema,
  names: z.array(z.string()),
  issuerUrl: z.string(),
  rootFingerprint: sha256Schema,
  keyPem: pemSchema,
  madeAt: instantSchema,
  answered: credentialSchema.exactOptional(),
})
