import { type ErrorCode, errorCodes, type Instant } from '@mayfly/ca-core'
import * as z from 'zod'
import { instantSchema } from './field-schemas.ts'

/** What failed, how often in a row, and when it is tried again. Cleared by the first success. */
export interface Setback {
  readonly code: ErrorCode
  /** The sentence of the error; never anything secret. */
  readonly message: string
  readonly attempts: number
  /** Of the first failure in this row. */
  readonly since: Instant
  /** Of the latest failure. */
  readonly at: Instant
  readonly retryAt: Instant
}

export const setbackSchema: z.ZodType<Setback> = z.strictObject({
  code: z.enum(errorCodes as [ErrorCode, ...ErrorCode[]]),
  message: z.string(),
  attempts: z.int().positive(),
  since: instantSchema,
  at: instantSchema,
  retryAt: instantSchema,
})

/** Answers of an issuer after which nothing gets better until a person does something. */
export const onlyAPersonHelps: readonly ErrorCode[] = [
  'identity-suspended',
  'identity-unknown',
  'lineage-conflict',
  'lineage-ended',
  'lineage-expired',
  'lineage-unknown',
]

/** The parts of a rotation that fail and recover independently of each other. */
export const tracks = ['bundle', 'ask', 'fetch', 'install', 'restore', 'look'] as const
export type Track = (typeof tracks)[number]

export type Setbacks = { readonly [track in Track]?: Setback }

export const setbacksSchema: z.ZodType<Setbacks> = z.strictObject({
  bundle: setbackSchema.exactOptional(),
  ask: setbackSchema.exactOptional(),
  fetch: setbackSchema.exactOptional(),
  install: setbackSchema.exactOptional(),
  restore: setbackSchema.exactOptional(),
  look: setbackSchema.exactOptional(),
})

/**
 * Whether the next attempt may start.
 * A clock that now shows a time before the failure was set back: the waiting time means nothing any more.
 */
export function mayRetry(setback: Setback | undefined, now: Instant): boolean {
  return setback === undefined || now >= setback.retryAt || now < setback.at
}

/** `setbacks` without the row of failures of `track`. */
export function clearSetback(setbacks: Setbacks, track: Track): Setbacks {
  const { [track]: _cleared, ...rest } = setbacks
  return rest
}
