import assert from 'node:assert/strict'
import { it } from 'node:test'
import { systemRandom } from '@mayfly/platform'
import { FakeRandom } from '../fakes/fake-random.ts'
import { randomSuite } from '../suites/random-suite.ts'

randomSuite('the machine', () => systemRandom)
randomSuite('in memory', () => new FakeRandom())

it('FakeRandom: the same seed → the same bytes, however they are drawn', () => {
  const one = new FakeRandom('seed')
  const parts = [one.bytes(3), one.bytes(40), one.bytes(21)]
  assert.deepEqual(Buffer.concat(parts), Buffer.from(new FakeRandom('seed').bytes(64)))
})

it('FakeRandom: more than it was given → throws', () => {
  const random = new FakeRandom('seed', 16)
  random.bytes(16)
  assert.throws(() => random.bytes(1), /exhausted/)
})
