import { MayflyError } from '@mayfly/ca-core'
import type { Change, ChangePart } from '../../src/store/change.ts'
import type { Store } from '../../src/store/store.ts'

/** A store on a disk that can be told to refuse what changes it. */
export interface FaultyStore {
  /** Refuses every commit with such a part in it, until it is set back to `undefined`. */
  refuses: ChangePart['do'] | undefined
  /** Is done once, before the next commit with such a part in it. */
  before: { readonly part: ChangePart['do']; readonly act: () => Promise<unknown> } | undefined
  wrap(store: Store): Store
}

export function createFaultyStore(): FaultyStore {
  const faulty: FaultyStore = {
    refuses: undefined,
    before: undefined,
    wrap: (store) => ({
      ...store,
      commit: async (changes) => {
        const has = (what: ChangePart['do'] | undefined): boolean =>
          changes.some(({ parts }) => parts.some((part) => part.do === what))
        const { before } = faulty
        if (before !== undefined && has(before.part)) {
          faulty.before = undefined
          await before.act()
        }
        if (has(faulty.refuses)) throw diskFull()
        return store.commit(changes)
      },
    }),
  }
  return faulty
}

function diskFull(): MayflyError {
  return new MayflyError('store-unavailable', 'the store cannot be written: no space left on device')
}

/** Remembers what was committed, in order. */
export function recordCommits(store: Store, commits: (readonly Change[])[]): Store {
  return {
    ...store,
    commit: (changes) => {
      commits.push(changes)
      return store.commit(changes)
    },
  }
}
