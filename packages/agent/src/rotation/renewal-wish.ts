import type { LineageStore } from '../state/lineage-store.ts'

/** A person's wish for a new certificate, which the first one that comes grants. */
export interface RenewalWish {
  stands(): Promise<boolean>
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
      const isThere = await store.hasRenewalWish()
      isGranted &&= isThere
      if (!isThere || !isGranted) return isThere
      await remove().catch(() => undefined)
      return false
    },
    async grant() {
      isGranted = true
      await remove()
    },
  }
}
