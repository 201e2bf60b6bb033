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

  it('the machine slept for hours, and the time since its start agrees → nothing, and issuing goes on', async () => {
    kit.clock.suspend(600 * minuteMs)
    assert.equal(guard.jumpSeconds(), 0)
    assert.deepEqual(await alarms(), [])
    assert.equal((await host.request({ immediate: true })).status, 'issued')
  })

  it('the clock was set while the machine slept → what sleep does not explain is the jump', async () => {
    kit.clock.suspend(600 * minuteMs)
    kit.clock.jump(10 * minuteMs)
    assert.equal(guard.jumpSeconds(), 600)
    assert.equal(guard.expected(), kit.clock.now() - 10 * minuteMs)
    await assertRefused('clock-wrong', host.request({ immediate: true }), kit)
    kit.clock.jump(-10 * minuteMs)
    assert.deepEqual(await alarms(), [])
  })

  it('sleep that was accounted for once → excuses no jump later', async () => {
    for (let night = 0; night < 3; night++) {
      kit.clock.suspend(600 * minuteMs)
      assert.equal(guard.jumpSeconds(), 0)
      await kit.clock.advance(minuteMs)
    }
    for (let nap = 0; nap < 20; nap++) {
      kit.clock.suspend(4 * minuteMs)
      assert.equal(guard.jumpSeconds(), 0)
    }
    kit.clock.jump(60 * minuteMs)
    assert.equal(guard.jumpSeconds(), 3_600)
  })

  it('a jump that was right, such as after a pause from outside → accepted by a person, and issuing goes on', async () => {
    kit.clock.jump(60 * minuteMs)
    assert.deepEqual(await alarms(), ['clock-wrong'])
    await attempted(kit.issuer, 'clock.accept', undefined, (attempt) => kit.issuer.acceptClock(attempt))
    assert.deepEqual(await alarms(), [])
    assert.equal((await host.request({ immediate: true })).status, 'issued')
  })
})
