import { type Clock, type Instant, isMayflyError } from '@mayfly/ca-core'
import type { Store } from './store.ts'

/** What keeps the store from being written. */
export interface WriteTrouble {
  /** When the first write of this trouble failed. */
  readonly since: Instant
  /** What the last one failed by, and what to do. */
  readonly message: string
}

/** A store, and whether what is written to it comes through. */
export interface WatchedStore {
  readonly store: Store
  /** `undefined` while the last write came through. */
  trouble(): WriteTrouble | undefined
  /** Has `changed` called whenever a trouble begins or is over. */
  onChange(changed: () => void): void
}

/** Remembers of each write whether it came through: nobody else may tell until the next sweep that a disk is at fault. */
export function watchWrites(store: Store, clock: Clock): WatchedStore {
  let trouble: WriteTrouble | undefined
  let changed = (): void => undefined
  const become = (next: WriteTrouble | undefined): void => {
    const isChange = (trouble === undefined) !== (next === undefined)
    trouble = next
    if (isChange) changed()
  }
  return {
    trouble: () => trouble,
    onChange(call) {
      changed = call
    },
    store: {
      ...store,
      async commit(changes) {
        try {
          const outcomes = await store.commit(changes)
          if (changes.length > 0) become(undefined)
          return outcomes
        } catch (error) {
          if (isMayflyError(error, 'store-unavailable')) {
            become({ since: trouble?.since ?? clock.now(), message: error.message })
          }
          throw error
        }
      },
    },
  }
}
