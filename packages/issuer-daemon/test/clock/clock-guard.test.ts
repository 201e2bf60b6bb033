import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { minuteMs } from '@mayfly/ca-core'
import { type ClockGuard, createClockGuard, guardStore } from '../../src/clock/clock-guard.ts'
import { createIssuer } from '../../src/issuing/create-issuer.ts'
import { assertRefused } from '../support/assert-refused.ts'
import {
  attempted,
  createHost,
  createIssuerKit,
  type IssuerKit,
  type TestHost,
} from '../support/issuer-kit.ts'

describe('clock guard', () => {
  let kit: IssuerKit
  let host: TestHost
  let guard: ClockGuard

  const alarms = async () => (await kit.issuer.status()).alarms.map(({ because }) => because)

  beforeEach(async () => {
    const plain = await createIssuerKit()
    guard = createClockGuard(plain.clock)
    const ports = {
      ...plain.ports,
      store: guardStore(plain.store, guard),
      clockJumpSeconds: () => guard.jumpSeconds(),
    }
    kit = { ...plain, ports, issuer: createIssuer(ports) }
    host = createHost(() => kit, 'web-1', '192.0.2.1')
    await host.enroll()
  })
  afterEach(() => kit.close())

  it('time that passes, or is corrected in small steps → nothing', async () => {
    await kit.clock.advance(600 * minuteMs)
    for (let step = 0; step < 10; step++) {
      kit.clock.jump(4 * minuteMs)
      assert.equal(guard.jumpSeconds(), 0)
    }
    assert.equal((await host.request({ immediate: true })).status, 'issued')
  })

  for (const [direction, minutes] of [
    ['forward', 6],
    ['forward by weeks', 30_000],
    ['back', -6],
  ] as const) {
    it(`a jump ${direction} → nothing is issued, with an alarm; set right again → all goes on by itself`, async () => {
      kit.clock.jump(minutes * minuteMs)
      const token = createHost(() => kit, 'web-2', '192.0.2.2')
      await assertRefused('clock-wrong', token.enroll(), kit)
      assert.ok((await alarms()).includes('clock-wrong'))
      kit.clock.jump(-minutes * minuteMs)
      assert.deepEqual(await alarms(), [])
      await token.enroll()
    })
  }

  it('a jump that was right, such as after sleep → accepted by a person, and issuing goes on', async () => {
    kit.clock.jump(60 * minuteMs)
    assert.deepEqual(await alarms(), ['clock-wrong'])
    await attempted(kit.issuer, 'clock.accept', undefined, (attempt) => kit.issuer.acceptClock(attempt))
    assert.deepEqual(await alarms(), [])
    assert.equal((await host.request({ immediate: true })).status, 'issued')
  })
})
