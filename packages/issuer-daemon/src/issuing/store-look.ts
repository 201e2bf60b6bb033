import { type Instant, isMayflyError } from '@mayfly/ca-core'

/** A store that cannot be read. */
export interface AbsentStore {
  /** When that was first seen. */
  readonly since: Instant
  /** Why not, and what to do. */
  readonly message: string
}

export type Look<Found> =
  | { readonly is: 'found'; readonly found: Found }
  /** `last` is what the look before the absence has found, if there was one. */
  | { readonly is: 'absent'; readonly absent: AbsentStore; readonly last?: Found }

/** Looks into a store again and again, and remembers what was there and since when it cannot be read. */
export class StoreLook<Found> {
  #last: Found | undefined
  #since: Instant | undefined

  /** Rejects as `read`, but for a store that cannot be read. */
  async look(now: Instant, read: () => Promise<Found>): Promise<Look<Found>> {
    try {
      const found = await read()
      this.#last = found
      this.#since = undefined
      return { is: 'found', found }
    } catch (error) {
      if (!isMayflyError(error, 'store-unavailable')) throw error
      this.#since ??= now
      const absent = { since: this.#since, message: error.message }
      return { is: 'absent', absent, ...(this.#last !== undefined && { last: this.#last }) }
    }
  }
}
