import type { LineageStore } from '../state/lineage-store.ts'

/** A person's wish for a new certificate, which the first one that comes grants. */
export interface RenewalWish {
  /** What tells the wish from others, if one stands. */
  stands(): Promise<string | undefined>
  /** Throws where the wish cannot be removed; it does not stand any more all the same. */
  grant(): Promise<void>
}

/** The wish in the state folder. One that was granted and cannot be removed must not order one certificate after another. */
export function openRenewalWish(store: LineageStore): RenewalWish {
  let isGranted = false
  const remove = async (): Promise<void> => {
    await store.removeRenewalWish()
    isGranted = false
  }
  return {
    async stands() {
      const wish = await store.renewalWish()
      isGranted &&= wish !== undefined
      if (wish === undefined || !isGranted) return wish
      await remove().catch(() => undefined)
      return undefined
    },
    async grant() {
      isGranted = true
      await remove()
    },
  }
}
