import assert from 'node:assert/strict'
import { afterEach, beforeEach } from 'node:test'
import type { ChangePart, ChangeRefusal } from '../../../packages/issuer-daemon/src/store/change.ts'
import type { IdentityRecord } from '../../../packages/issuer-daemon/src/store/identity-record.ts'
import type { Store } from '../../../packages/issuer-daemon/src/store/store.ts'
import { found, newIdentity, start } from './store-records.ts'

/** A place for one store, new for each test. */
export interface StoreEngine {
  /** Opens the store; a second time after it was closed, as the next start does. */
  open(): Promise<Store>
  /** Removes whatever is left. */
  remove(): Promise<void>
}

/** The store of the running test, and what most tests do with it. */
export interface StoreBench {
  readonly store: Store
  readonly engine: StoreEngine
  reopen(): Promise<void>
  apply(...parts: ChangePart[]): Promise<'done' | ChangeRefusal>
  addIdentity(name?: string): Promise<IdentityRecord>
}

/** Opens a new store before each test of the suite around, and removes it afterwards. */
export function createBench(createEngine: () => Promise<StoreEngine>): StoreBench {
  let engine: StoreEngine
  let store: Store
  beforeEach(async () => {
    engine = await createEngine()
    store = await engine.open()
  })
  afterEach(async () => {
    await store.close()
    await engine.remove()
  })
  const bench: StoreBench = {
    get store() {
      return store
    },
    get engine() {
      return engine
    },
    async reopen() {
      await store.close()
      store = await engine.open()
    },
    async apply(...parts) {
      const [outcome] = await store.commit([{ at: start, parts }])
      assert.ok(outcome)
      return outcome.done ? 'done' : outcome.refused
    },
    async addIdentity(name = 'web-1') {
      assert.equal(await bench.apply({ do: 'add-identity', identity: newIdentity(name) }), 'done')
      return found(await store.identity({ name }))
    },
  }
  return bench
}
