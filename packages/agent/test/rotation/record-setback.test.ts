import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MayflyError, minuteMs, secondMs } from '@mayfly/ca-core'
import { FakeRandom } from '../../../../test/fakes/fake-random.ts'
import type { Pace } from '../../src/rotation/pace.ts'
import { isNews, nextSetback } from '../../src/rotation/record-setback.ts'
import type { Setback } from '../../src/state/setback.ts'

const now = Date.UTC(2026, 2, 2)
/** Of a certificate that lives a day. */
const pace: Pace = {
  backoffBaseSeconds: 15,
  backoffCapSeconds: 300,
  wasteFloorSeconds: 600,
  wasteCapSeconds: 14_400,
  wasteLateSeconds: 21_600,
  wasteWindowSeconds: 87_000,
  hopelessSeconds: 3_600,
  graceSeconds: 600,
}

function fail(code: Setback['code'], before?: Setback): Setback {
  return nextSetback(before, new MayflyError(code, 'no'), { now, random: new FakeRandom(), pace })
}

function failOften(code: Setback['code'], times: number): Setback {
  let setback = fail(code)
  for (let time = 1; time < times; time++) setback = fail(code, setback)
  return setback
}

describe('the wait after a failure', () => {
  test('nobody answers for long → between half of five minutes and five', () => {
    const waitMs = failOften('transport-failed', 20).retryAt - now
    assert.ok(waitMs >= 2.5 * minuteMs && waitMs <= 5 * minuteMs, `${waitMs / secondMs} s`)
  })

  test('hours without an answer, then a certificate that has died meanwhile → asks anew within seconds', () => {
    const { attempts, retryAt } = fail('certificate-expired', failOften('transport-failed', 20))
    assert.equal(attempts, 1)
    assert.ok(retryAt - now <= 15 * secondMs, `${(retryAt - now) / secondMs} s`)
  })

  test('one dead certificate after another → asks ever less often', () => {
    const { attempts, retryAt } = failOften('certificate-expired', 8)
    assert.equal(attempts, 8)
    assert.ok(retryAt - now >= 2.5 * minuteMs, `${(retryAt - now) / secondMs} s`)
  })
})

describe('whether a setback is written down', () => {
  const written = (code: Setback['code'], attempts: number): boolean =>
    isNews(failOften(code, attempts - 1), failOften(code, attempts))

  test('the first, and whatever comes after another → yes', () => {
    assert.equal(isNews(undefined, fail('transport-failed')), true)
    assert.equal(isNews(failOften('overloaded', 4), failOften('transport-failed', 5)), true)
    assert.equal(
      isNews(fail('transport-failed'), { ...failOften('transport-failed', 3), message: 'yes' }),
      true,
    )
  })

  test('nobody answers for hours → at each doubling', () => {
    const attempts = Array.from({ length: 63 }, (_, index) => index + 2)
    assert.deepEqual(
      attempts.filter((count) => written('transport-failed', count)),
      [2, 4, 8, 16, 32, 64],
    )
  })

  test('somebody answers, and will not → each time: who starts again must not ask sooner', () => {
    for (const count of [2, 3, 5, 7]) assert.equal(written('rate-limited', count), true)
  })
})
