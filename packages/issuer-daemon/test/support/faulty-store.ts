import assert from 'node:assert/strict'
import { MayflyError } from '@mayfly/ca-core'
import type { Change, ChangePart } from '../../src/store/change.ts'
import { diskStalled } from '../../src/store/sqlite/store-error.ts'
import type { Store } from '../../src/store/store.ts'

/** A store on a disk that can be told to refuse what changes it. */
export interface FaultyStore {
  /** Refuses every commit with such a part in it, until it is set back to `undefined`. */
  refuses: ChangePart['do'] | undefined
  /** Is done once, before the next commit with such a part in it. */
  before: { readonly part: ChangePart['do']; readonly act: () => Promise<unknown> } | undefined
  /** The next commit with such a part is refused for taking too long. It comes through with `comeThrough`. */
  late: ChangePart['do'] | undefined
  comeThrough(): Promise<unknown>
  wrap(store: Store): Store
}

export function createFaultyStore(): FaultyStore {
  const faulty: FaultyStore = {
    refuses: undefined,
    before: undefined,
    late: undefined,
    comeThrough: async () => assert.fail('no commit was late'),
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
        if (has(faulty.late)) {
          faulty.late = undefined
          faulty.comeThrough = () => store.commit(changes)
          throw diskStalled('store.db', 10_000)
        }
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
