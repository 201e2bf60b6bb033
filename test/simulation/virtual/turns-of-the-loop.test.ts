import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { spareTurnsOfTheLoop } from './turns-of-the-loop.ts'

test('turns of the event loop: spared → who waits for one goes on without it, but for one in 256', async () => {
  spareTurnsOfTheLoop()
  let realTurns = 0
  const count = (): void => {
    realTurns++
    again = setImmediate(count)
  }
  let again = setImmediate(count)
  for (let turn = 0; turn < 512; turn++) await nextTurn()
  clearImmediate(again)
  assert.equal(realTurns, 2)
})
