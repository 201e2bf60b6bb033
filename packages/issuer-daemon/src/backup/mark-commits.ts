import { type Clock, secondMs } from '@mayfly/ca-core'
import type { Store } from '../store/store.ts'

/** What is lost of a history without being noticed is of this time at the most; a mark is two syncs of a small file. */
export const markDelayMs: number = 2 * secondMs

/** A store whose end is marked soon after each change. */
export interface MarkedStore {
  readonly store: Store
  /** Marks from now on, by `mark`; what fails there is left to the next change, and to the next sweep, which tells. */
  begin(mark: () => Promise<void>): void
  /** Marks nothing more; waits for a mark that is being made. */
  stop(): Promise<void>
}

/**
 * Has the end of the history marked within seconds of each change, and once for all that come meanwhile: an issuer that
 * is killed leaves a mark behind it of what it knew.
 */
export function markCommits(store: Store, clock: Pick<Clock, 'sleep'>): MarkedStore {
  const stopping = new AbortController()
  let mark: (() => Promise<void>) | undefined
  let isChanged = false
  let running: Promise<void> | undefined

  const markAll = async (): Promise<void> => {
    while (isChanged && !stopping.signal.aborted) {
      await clock.sleep(markDelayMs, stopping.signal)
      isChanged = false
      await mark?.()
    }
  }
  const changed = (): void => {
    isChanged = true
    if (mark === undefined || running !== undefined) return
    running = markAll()
      .catch(() => undefined)
      .finally(() => {
        running = undefined
      })
  }

  return {
    store: {
      ...store,
      async commit(changes) {
        const outcomes = await store.commit(changes)
        changed()
        return outcomes
      },
    },
    begin(by) {
      mark = by
      changed()
    },
    async stop() {
      stopping.abort()
      await running
    },
  }
}
