import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { oneAtATime } from '../../src/issuing/in-turn.ts'

describe('one at a time', () => {
  it('three come at once, the second fails → each begins when the one before has ended, and has its own result', async () => {
    const inTurn = oneAtATime()
    const steps: string[] = []
    const work = (name: string, fails = false) =>
      inTurn(async () => {
        steps.push(`${name} begins`)
        await nextTurn()
        steps.push(`${name} ends`)
        if (fails) throw new Error(`${name} failed`)
        return name
      })
    const results = await Promise.allSettled([work('a'), work('b', true), work('c')])
    assert.deepEqual(
      results.map((result) => (result.status === 'fulfilled' ? result.value : `${result.reason.message}`)),
      ['a', 'b failed', 'c'],
    )
    assert.deepEqual(steps, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
  })
})
