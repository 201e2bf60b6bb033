import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FakeClock } from '../../../../test/fakes/fake-clock.ts'
import { markCommits, markDelayMs } from '../../src/backup/mark-commits.ts'
import type { Store } from '../../src/store/store.ts'

function subject(mark: () => Promise<void>) {
  const clock = new FakeClock()
  const marked = markCommits({ commit: async () => [] } as unknown as Store, clock)
  marked.begin(mark)
  return { clock, marked, commit: () => marked.store.commit([]) }
}

describe('marks of changes', () => {
  it('changes all the time → one mark in each delay, and one after the last', async () => {
    let marks = 0
    const { clock, marked, commit } = subject(async () => void marks++)
    for (let time = 0; time < 100; time++) {
      await commit()
      await clock.advance(markDelayMs / 10)
    }
    assert.ok(marks >= 9 && marks <= 11, `${marks}`)
    await clock.advance(markDelayMs)
    const all = marks
    await clock.advance(10 * markDelayMs)
    assert.equal(marks, all)
    assert.equal(clock.sleepers, 0)
    await marked.stop()
  })

  it('a change while a mark is made → marked after it', async () => {
    let marks = 0
    const made = Promise.withResolvers<void>()
    const { clock, commit } = subject(async () => {
      marks++
      if (marks === 1) await made.promise
    })
    await clock.advance(markDelayMs)
    await commit()
    made.resolve()
    await clock.advance(markDelayMs)
    assert.equal(marks, 2)
  })

  it('a mark that fails → the change is done, and the next one is marked', async () => {
    let marks = 0
    const { clock, commit } = subject(async () => {
      marks++
      throw new Error('the disk is full')
    })
    await clock.advance(markDelayMs)
    await commit()
    await clock.advance(markDelayMs)
    assert.equal(marks, 2)
  })

  it('stopped → waits for the mark that is made, and marks nothing more', async () => {
    let marks = 0
    const { clock, marked, commit } = subject(async () => void marks++)
    await marked.stop()
    await commit()
    await clock.advance(10 * markDelayMs)
    assert.deepEqual([marks, clock.sleepers], [0, 0])
  })
})
