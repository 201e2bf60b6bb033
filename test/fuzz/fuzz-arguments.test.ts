import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readFuzzArguments } from './fuzz-arguments.ts'

const known = ['der', 'json']

test('npm run fuzz: arguments → what is asked for', () => {
  assert.deepEqual(readFuzzArguments([], known), { ok: true, seconds: 60, seed: 1, targets: known })
  const given = ['--seconds', '0.5', '--seed', '7', '--target', 'json']
  assert.deepEqual(readFuzzArguments(given, known), { ok: true, seconds: 0.5, seed: 7, targets: ['json'] })
})

for (const [given, mistake] of [
  [['--seconds', 'x'], /no number of seconds/],
  [['--seconds', '0'], /no number of seconds/],
  [['--seed', '1.5'], /no whole number/],
  [['--target', 'xml'], /There is no target xml, but: der, json/],
  [['--bogus'], /--bogus/],
  [['--seconds'], /--seconds/],
] as const) {
  test(`npm run fuzz: ${given.join(' ')} → told, and nothing is said to be well`, () => {
    const wish = readFuzzArguments(given, known)
    assert.ok(!wish.ok)
    assert.match(wish.mistake, mistake)
  })
}
