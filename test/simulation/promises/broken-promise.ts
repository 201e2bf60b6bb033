import type { Instant } from '@mayfly/ca-core'

/** What a story asserts. */
export const promises = {
  'no-expired-certificate': 'a live port serves no expired certificate where the issuer could be reached',
  'no-unproven-certificate': 'a live port serves only what was proved',
  'no-certificate-of-before':
    'a port that shows another certificate than the newest is mended after the next look at it',
  'no-torn-generation': 'the live link leads to one whole generation',
  'no-serial-twice': 'no serial is signed twice',
  'no-key-for-two-lineages': 'no key is certified for two lineages',
  'recorded-before-signed':
    'nothing is signed that was not recorded first, nor answered before it is on disk',
  'no-false-alarm': 'nobody is suspended whose lineage is on one host',
  'suspends-a-copy': 'a lineage on two hosts is suspended within a cycle',
  converges: 'after the faults stop everything is well again',
  'no-internal-error': 'nothing fails for a reason that has no name',
  'spreads-out': 'renewals spread out after an outage',
} as const

export type PromiseName = keyof typeof promises

/** A promise that a story broke: the end of it. */
export class BrokenPromise extends Error {
  override readonly name = 'BrokenPromise'
  readonly promise: PromiseName
  readonly who: string
  readonly at: Instant

  constructor(promise: PromiseName, who: string, at: Instant, what: string) {
    super(`${who}: ${what} (${promises[promise]})`)
    this.promise = promise
    this.who = who
    this.at = at
  }
}
