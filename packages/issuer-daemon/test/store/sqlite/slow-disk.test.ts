import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { audit, day, pruneNothing, start } from '../../../../../test/suites/store/store-records.ts'
import type { ChangePart } from '../../../src/store/change.ts'
import { openSqliteStore } from '../../../src/store/sqlite/open-sqlite-store.ts'
import type { Store } from '../../../src/store/store.ts'

describe('a store on a slow disk', { timeout: 30_000 }, () => {
  let folder: string
  let path: string
  let store: Store
  /** What passes between two looks at the clock. */
  let stepMs: number

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mayfly-slow-'))
    path = join(folder, 'store.sqlite')
    stepMs = 200
    let nowMs = 0
    const monotonic = () => {
      nowMs += stepMs
      return nowMs
    }
    store = await openSqliteStore({ path, clock: { monotonic } })
  })
  afterEach(async () => {
    await store.close()
    await rm(folder, { recursive: true })
  })

  const commit = (...parts: ChangePart[]) => store.commit([{ at: start, parts }])
  const note = (name: string) => commit({ do: 'set-note', name, text: 'told' })

  /** More than a transaction waits for others to come with it. */
  async function someTurns(): Promise<void> {
    for (let turn = 0; turn < 20; turn++) await nextTurn()
  }

  it('upkeep → waits until it keeps up', async () => {
    await commit(audit('one'), { do: 'remember-nonce', nonce: '00'.repeat(16), expiresAt: start })
    const prune = () => store.prune({ ...pruneNothing, noncesBefore: start + 1 })
    assert.deepEqual([await store.packAudit(start + day), await prune()], [0, 0])
    stepMs = 0
    await note('quick')
    assert.deepEqual([await store.packAudit(start + day), await prune()], [1, 1])
  })

  it('a transaction that takes over ten seconds → who is in it or behind it is told to come again; it comes through all the same', async (context) => {
    await note('slow')
    const other = new DatabaseSync(path)
    context.mock.timers.enable({ apis: ['setTimeout'] })
    try {
      other.exec('BEGIN IMMEDIATE')
      const told: string[] = []
      for (const name of ['in it', 'behind it']) {
        note(name).catch((error: { code: string; message: string }) => {
          assert.match(error.message, /10 s/)
          told.push(error.code)
        })
        await someTurns()
      }
      context.mock.timers.tick(9_999)
      await someTurns()
      assert.deepEqual(told, [])
      context.mock.timers.tick(1)
      await someTurns()
      assert.deepEqual(told, ['store-unavailable', 'store-unavailable'])
      await assert.rejects(note('late'), { code: 'store-unavailable' })
    } finally {
      other.exec('ROLLBACK')
      other.close()
      context.mock.timers.reset()
    }
    while ((await store.note('in it')) === undefined) await nextTurn()
    assert.equal(await store.note('behind it'), undefined)
  })
})
