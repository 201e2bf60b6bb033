import type { Instant } from '@mayfly/ca-core'
import * as z from 'zod'
import { instantSchema } from './field-schemas.ts'

/**
 * Keys in a row that were certified and given up all the same. It outlives them: another key is another certificate,
 * so it is what keeps a host on which none succeeds from asking for one after another. Ends when a certificate that
 * was not served before is.
 */
export interface WastedKeys {
  /** About when their certificates were made, and the one after the latest; the newest ten, oldest first. */
  readonly minted: readonly Instant[]
  /** Until then the key that is there is kept, and its certificate tried again. */
  readonly keepUntil: Instant
  /** The latest wish for a renewal that stood when one was given up; a later wish begins anew. */
  readonly wish?: string
}

export const wastedKeysSchema: z.ZodType<WastedKeys> = z.strictObject({
  minted: z.array(instantSchema).min(1),
  keepUntil: instantSchema,
  wish: z.string().exactOptional(),
})

/**
 * Whether a certified key may be given up now. A clock that shows a time before the latest was set back: the wait
 * means nothing any more.
 */
export function mayGiveUp(wasted: WastedKeys | undefined, wish: string | undefined, now: Instant): boolean {
  return (
    wasted === undefined ||
    isNewWish(wasted, wish) ||
    now >= wasted.keepUntil ||
    now < (wasted.minted.at(-1) ?? now)
  )
}

/** Whether a person has asked since. */
export function isNewWish(wasted: WastedKeys | undefined, wish: string | undefined): boolean {
  return wish !== undefined && wish !== wasted?.wish
}
