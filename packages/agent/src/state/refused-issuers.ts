import type { Instant } from '@mayfly/ca-core'
import * as z from 'zod'
import { instantSchema } from './field-schemas.ts'

/** One of several issuers whose newest certificate for this lineage was of no use. */
export interface RefusedIssuer {
  /** Its origin: `https://ca.example:8443`. */
  readonly issuer: string
  /** Of the first in this row. */
  readonly since: Instant
  /** Of the latest. */
  readonly at: Instant
  readonly reason: string
}

export const refusedIssuersSchema: z.ZodType<readonly RefusedIssuer[]> = z.array(
  z.strictObject({ issuer: z.string(), since: instantSchema, at: instantSchema, reason: z.string() }),
)

/** Notes that a certificate of the issuer at `url` was refused. */
export function withRefused(
  before: readonly RefusedIssuer[],
  { url, at, reason }: { readonly url: string; readonly at: Instant; readonly reason: string },
): readonly RefusedIssuer[] {
  const issuer = new URL(url).origin
  const since = before.find((one) => one.issuer === issuer)?.since ?? at
  return [...before.filter((one) => one.issuer !== issuer), { issuer, since, at, reason }]
}

/**
 * What is left when the issuer at `url` has given a good one. The others keep their notes, unless they were not asked for
 * longer than `keepMs`: what was mended at one that only stands in for others would be told of for ever.
 */
export function withoutRefused(
  before: readonly RefusedIssuer[],
  { url, now, keepMs }: { readonly url: string; readonly now: Instant; readonly keepMs: number },
): readonly RefusedIssuer[] {
  const { origin } = new URL(url)
  return before.filter(({ issuer, at }) => issuer !== origin && now - at <= keepMs)
}
