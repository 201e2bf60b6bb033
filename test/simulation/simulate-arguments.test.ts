import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readSimulateArguments } from './simulate-arguments.ts'

test('npm run simulate: arguments → what is asked for', () => {
  const usual = readSimulateArguments([])
  assert.ok(usual.ok)
  const { story, seeds, json } = usual.wish
  assert.deepEqual([story.seed, story.hosts.length, story.days, seeds, json], [1, 50, 30, 1, false])
  const given = readSimulateArguments([
    '--seed',
    '7',
    '--hosts',
    '2',
    '--days',
    '3',
    '--handshakes',
    '1',
    '--json',
  ])
  assert.ok(given.ok)
  assert.deepEqual(
    [given.wish.story.seed, given.wish.story.hosts.length, given.wish.story.handshakeShare, given.wish.json],
    [7, 2, 1, true],
  )
})

for (const [given, mistake] of [
  [['--bogus'], /--bogus/],
  [['--seed', 'x'], /--seed x is no whole number/],
  [['--hosts', '0'], /--hosts 0 is no whole number from 1 to 10000/],
  [['--days', '2'], /--days 2 is no whole number from 3 to 3650/],
  [['--seeds', ''], /--seeds {2}is no whole number/],
  [['--handshakes', '2'], /--handshakes 2 is no share from 0 to 1/],
] as const) {
  test(`npm run simulate: ${given.join(' ')} → told, and nothing is played`, () => {
    const reading = readSimulateArguments(given)
    assert.ok(!reading.ok)
    assert.match(reading.mistake, mistake)
  })
}
