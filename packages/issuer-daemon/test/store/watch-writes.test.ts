import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MayflyError, minuteMs } from '@mayfly/ca-core'
import { FakeClock } from '../../../../test/fakes/fake-clock.ts'
import type { Store } from '../../src/store/store.ts'
import { watchWrites } from '../../src/store/watch-writes.ts'

test('writes that are watched: trouble from the first that fails to the next that comes through, told when it begins and ends', async () => {
  const clock = new FakeClock()
  let fault: MayflyError | undefined
  const commit: Store['commit'] = async (changes) => {
    if (fault !== undefined && changes.length > 0) throw fault
    return changes.map(() => ({ done: true }))
  }
  const watched = watchWrites({ commit } as unknown as Store, clock)
  const told: boolean[] = []
  watched.onChange(() => told.push(watched.trouble() !== undefined))
  const write = () => watched.store.commit([{ at: clock.now(), parts: [] }])
  await write()
  assert.deepEqual([watched.trouble(), told], [undefined, []])

  const since = clock.now()
  for (const message of ['no space left', 'read-only']) {
    fault = new MayflyError('store-unavailable', message)
    await assert.rejects(write(), fault)
    assert.deepEqual(watched.trouble(), { since, message })
    await clock.advance(minuteMs)
  }
  // Nothing was written: that says nothing of the disk.
  await watched.store.commit([])
  assert.ok(watched.trouble())
  assert.deepEqual(told, [true])

  fault = undefined
  await write()
  assert.deepEqual([watched.trouble(), told], [undefined, [true, false]])
  fault = new MayflyError('internal', 'no fault of the disk')
  await assert.rejects(write(), fault)
  assert.equal(watched.trouble(), undefined)
})
