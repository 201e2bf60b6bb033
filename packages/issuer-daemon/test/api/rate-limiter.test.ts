import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isMayflyError, secondMs } from '@mayfly/ca-core'
import { FakeClock } from '../../../../test/fakes/fake-clock.ts'
import { FakeRandom } from '../../../../test/fakes/fake-random.ts'
import { addressForLimits } from '../../src/api/limits/caller-address.ts'
import { createRateLimiter, rememberedCallersMax } from '../../src/api/limits/rate-limiter.ts'

const limit = { perMinute: 60, burst: 3 }

function retryAfter(act: () => void): number | undefined {
  try {
    act()
    return undefined
  } catch (error) {
    assert.ok(isMayflyError(error, 'rate-limited'))
    return typeof error.retry === 'object' ? error.retry.afterSeconds : assert.fail()
  }
}

test('rate limiter: a burst, then the rate → refused with the seconds until the next', async () => {
  const clock = new FakeClock()
  const limiter = createRateLimiter(limit, clock, 'requests')
  for (let taken = 0; taken < 3; taken += 1)
    assert.equal(
      retryAfter(() => limiter.take('a')),
      undefined,
    )
  assert.equal(
    retryAfter(() => limiter.take('a')),
    1,
  )
  assert.equal(
    retryAfter(() => limiter.take('b')),
    undefined,
  )
  await clock.advance(secondMs)
  assert.equal(
    retryAfter(() => limiter.take('a')),
    undefined,
  )
  assert.equal(
    retryAfter(() => limiter.take('a')),
    1,
  )
})

test('rate limiter: the wall clock jumps → nothing is given or taken', () => {
  const clock = new FakeClock()
  const limiter = createRateLimiter(limit, clock, 'requests')
  for (let taken = 0; taken < 3; taken += 1) limiter.take('a')
  clock.jump(3_600 * secondMs)
  assert.equal(
    retryAfter(() => limiter.take('a')),
    1,
  )
})

test('rate limiter: check → counts nothing; spend → refuses nothing', () => {
  const limiter = createRateLimiter(limit, new FakeClock(), 'failures')
  for (let checked = 0; checked < 10; checked += 1)
    assert.equal(
      retryAfter(() => limiter.check('a')),
      undefined,
    )
  for (let spent = 0; spent < 10; spent += 1) limiter.spend('a')
  assert.equal(
    retryAfter(() => limiter.check('a')),
    1,
  )
})

test('rate limiter: more callers than it remembers → the oldest are forgotten, the newest still limited', () => {
  const limiter = createRateLimiter({ perMinute: 1, burst: 1 }, new FakeClock(), 'requests')
  limiter.take('first')
  for (let caller = 0; caller < rememberedCallersMax; caller += 1) limiter.take(`caller ${caller}`)
  assert.equal(
    retryAfter(() => limiter.take('first')),
    undefined,
  )
  assert.notEqual(
    retryAfter(() => limiter.take(`caller ${rememberedCallersMax - 1}`)),
    undefined,
  )
})

test('rate limiter: any pauses → never more than burst and rate allow', async () => {
  for (let seed = 0; seed < 20; seed += 1) {
    const random = new FakeRandom(`pauses ${seed}`)
    const clock = new FakeClock()
    const limiter = createRateLimiter(limit, clock, 'requests')
    let allowed = 0
    for (let asked = 0; asked < 50; asked += 1) {
      await clock.advance((random.bytes(1)[0] ?? 0) * 10)
      if (retryAfter(() => limiter.take('a')) === undefined) allowed += 1
    }
    assert.ok(allowed <= limit.burst + clock.monotonic() / secondMs)
  }
})

for (const [address, counted] of [
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
  ['2001:0db8:0001:0002::9', '2001:db8:1:2::/64'],
  ['2001:db8::9', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['local', 'local'],
] as const) {
  test(`limits: ${address} → counted as ${counted}`, () => {
    assert.equal(addressForLimits(address), counted)
  })
}
