import * as z from 'zod'
import { signedAuditHeadSchema } from '../audit/audit-head.ts'
import type { FlattenedJws } from '../jws/flattened-jws.ts'
import { countSchema, serialSchema, servedSerialsMax } from './field-schemas.ts'

/** A host whose clock is off by more than ten years is told so by the limit itself. */
const clockOffsetSecondsMax = 315_360_000

/** What an agent tells of its host in every request. */
export interface Report {
  /** Of the agent. */
  readonly version: string
  /** Of the trust bundle that it holds; 0 before the first. */
  readonly bundleSequence: number
  /** The agent's own number of the generation it has installed; 0 before the first. */
  readonly generation: number
  /** Serials seen on the live ports at the last probe. */
  readonly servedSerials: readonly string[]
  /** The host's clock less the issuer's, as the agent saw it in the last answer. */
  readonly clockOffsetSeconds: number
  /** Of the certificate in the live folder. */
  readonly installedSerial?: string
  /** The newest end of the issuer's history that the host was given. */
  readonly auditHead?: FlattenedJws
}

export const reportSchema: z.ZodType<Report> = z.strictObject({
  version: z.string().regex(/^[0-9A-Za-z.+-]{1,64}$/, 'is not a version'),
  bundleSequence: countSchema,
  generation: countSchema,
  servedSerials: z.array(serialSchema).max(servedSerialsMax),
  clockOffsetSeconds: z.number().min(-clockOffsetSecondsMax).max(clockOffsetSecondsMax),
  installedSerial: serialSchema.exactOptional(),
  auditHead: signedAuditHeadSchema.exactOptional(),
})
