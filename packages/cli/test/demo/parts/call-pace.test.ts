import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { callsAtOnceMax, createPace } from '../../../src/demo/parts/call-pace.ts'

describe('createPace', () => {
  it('a machine that keeps the rate: → every call in its time', () => {
    const pace = createPace(50)
    const begun = Array.from({ length: 101 }, (_, index) => pace(index * 10, 1))
    assert.equal(
      begun.reduce((sum, count) => sum + count, 0),
      50,
    )
    assert.ok(Math.max(...begun) === 1)
  })

  it('calls that do not end: → no more than the bound at once', () => {
    const pace = createPace(50)
    let inProgress = 0
    for (let ms = 0; ms <= 60_000; ms += 20) inProgress += pace(ms, inProgress)
    assert.equal(inProgress, callsAtOnceMax)
  })

  it('after a standstill: → what was left out is not made up for', () => {
    const pace = createPace(50)
    assert.equal(pace(60_000, callsAtOnceMax), 0)
    assert.equal(pace(60_020, 0), 1)
  })
})
