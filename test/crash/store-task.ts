import type { Instant } from '@mayfly/ca-core'

/** What a child does with a store, and at which step it is to die. */
export type StoreTask = {
  readonly store: string
  readonly now: Instant
  readonly killAt: string
} & ({ readonly do: 'pack-audit' } | { readonly do: 'restore'; readonly backup: string })
