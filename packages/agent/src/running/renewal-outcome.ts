import type { Instant } from '@mayfly/ca-core'
import { type LineageState, liveGeneration } from '../state/lineage-state.ts'
import { onlyAPersonHelps, type Setback } from '../state/setback.ts'

/** What has become of a person's wish for a new certificate. */
export type RenewalOutcome =
  | {
      readonly is: 'renewed'
      readonly generation: number
      readonly serial: string
      readonly notAfter: Instant
    }
  /** Not served yet; the wish stands. `setback` is what has failed so far. */
  | { readonly is: 'under-way'; readonly setback?: Setback }
  /** An issuer was asked since, or nobody ever enrolled it, and only a person can help: nothing is gained by waiting. */
  | { readonly is: 'refused'; readonly setback: Setback }

/**
 * What has become of a wish of `wishedAt`. A certificate that was on its way when it was said does not count, but that of
 * a later wish does. Pure.
 */
export function renewalOutcome(state: LineageState, wishedAt: Instant): RenewalOutcome {
  const live = liveGeneration(state)
  if (live !== undefined && isServedFor(state, wishedAt, live.serial)) {
    return { is: 'renewed', generation: live.number, serial: live.serial, notAfter: live.notAfter }
  }
  const { ask, fetch, install, restore } = state.setbacks
  if (ask !== undefined && ask.at >= wishedAt && onlyAPersonHelps.includes(ask.code))
    return { is: 'refused', setback: ask }
  const setback = ask ?? fetch ?? install ?? restore
  return { is: 'under-way', ...(setback !== undefined && { setback }) }
}

function isServedFor({ granted, head, live }: LineageState, wishedAt: Instant, serial: string): boolean {
  if (granted === undefined || Number(granted.wish) < wishedAt) return false
  return live?.served === true && serial === head.serial && serial !== granted.after
}
