import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeRandom } from '../../../../test/fakes/fake-random.ts'
import { backoff, type Random } from '../../src/index.ts'

const almostOne: Random = { bytes: (count) => new Uint8Array(count).fill(0xff) }

test('backoff: growing attempts → the limit doubles up to the cap', () => {
  const limits = [0, 1, 2, 3, 10, 5_000].map((attempt) =>
    Math.round(backoff({ attempt, random: almostOne, baseSeconds: 5, capSeconds: 300 })),
  )
  assert.deepEqual(limits, [5, 10, 20, 40, 300, 300])
})

test('a synchronised fleet retries at once: a thousand hosts that failed together → spread over the whole wait', () => {
  const random = new FakeRandom()
  const waits = Array.from({ length: 1_000 }, () =>
    backoff({ attempt: 4, random, baseSeconds: 5, capSeconds: 300 }),
  )
  const perTenth = Array.from({ length: 10 }, (_, tenth) =>
    waits.filter((wait) => Math.floor(wait / 8) === tenth),
  )
  for (const hosts of perTenth) assert.ok(hosts.length > 50, `${hosts.length} hosts`)
})

test('backoff: a certain share of a half → never less than half of the limit, never more than it', () => {
  const wait = (random: Random): number =>
    backoff({ attempt: 9, random, baseSeconds: 5, capSeconds: 300, certainShare: 0.5 })
  assert.equal(wait({ bytes: (count) => new Uint8Array(count) }), 150)
  assert.equal(Math.round(wait(almostOne)), 300)
})
