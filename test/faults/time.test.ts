import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { dayMs, hourMs, minuteMs } from '@mayfly/ca-core'
import {
  createJoinedHost,
  createTimedSite,
  type TimedHost,
  type TimedSite,
} from '../support/hosts/timed-host.ts'

describe('time, with the real issuer', { timeout: 240_000 }, () => {
  let site: TimedSite
  let host: TimedHost

  beforeEach(async () => {
    ;({ site, host } = await createJoinedHost())
    assert.ok(host.servesValid())
  })
  afterEach(() => site.close())

  /** Until shortly before the next certificate is minted. */
  async function nearlyDue(): Promise<void> {
    const dueAt = host.state().staged?.promise?.mintAt ?? 0
    await site.run(dueAt - host.clock.now() - 10 * minuteMs)
  }

  /** Once the cause is gone, nobody touches anything. */
  async function assertComesBack(): Promise<void> {
    await site.run(15 * minuteMs)
    assert.ok(host.servesValid(), host.told())
    assert.deepEqual(host.alarms(), [])
  }

  test('the issuer is away for a minute at the worst moment → nobody is woken', async () => {
    await nearlyDue()
    await site.run(9 * minuteMs)
    site.isAway = true
    await site.run(minuteMs)
    assert.equal(host.told(), '')
    site.isAway = false
    await assertComesBack()
  })

  test('the issuer is away for 6 hours of the second half → served all the time, and told', async () => {
    await nearlyDue()
    site.isAway = true
    await site.run(6 * hourMs)
    assert.ok(host.servesValid())
    assert.match(
      host.told(),
      /^warning: .*cannot be reached: no route\. See whether the issuer runs and whether this host reaches it; the agent goes on trying\.$/m,
    )
    site.isAway = false
    await assertComesBack()
  })

  test('the issuer is away for 30 hours → critical before the end and after, and back without a person', async () => {
    await nearlyDue()
    site.isAway = true
    await site.run(host.state().head.notAfter - host.clock.now() - 2 * hourMs)
    assert.ok(host.servesValid())
    assert.match(host.told(), /^critical: the installed certificate should have been replaced by now/m)
    await site.run(19 * hourMs)
    assert.match(
      host.told(),
      /^critical: the installed certificate expired at .*; see the other alarms for why it was not replaced\.$/m,
    )
    site.isAway = false
    await assertComesBack()
  })

  test('the host sleeps for 3 days → back within a minute, without a person', async () => {
    await site.run(5 * hourMs)
    await site.sleep(3 * dayMs)
    assert.equal(host.servesValid(), false)
    await site.run(minuteMs)
    assert.ok(host.servesValid(), host.told())
    await assertComesBack()
  })

  test('the host sleeps for 30 days → critical, with the command to type, and that brings it back', async () => {
    await site.run(5 * hourMs)
    await site.sleep(30 * dayMs)
    await site.run(10 * minuteMs)
    assert.match(
      host.told(),
      /^critical: .*nrol again: `mayfly token create` at the issuer, then `mayfly agent enroll TOKEN` here\.$/m,
    )
    await host.enroll()
    await assertComesBack()
  })

  for (const [way, skewMs] of [
    ['ahead of', hourMs],
    ['behind', -hourMs],
  ] as const) {
    test(`the clock of the host an hour ${way} the issuer's → told, and served for days all the same`, async () => {
      host.clock.jump(skewMs)
      for (let half = 0; half < 6; half++) {
        await site.run(8 * hourMs)
        assert.ok(host.servesValid(), host.told())
      }
      assert.match(
        host.told(),
        new RegExp(`the clock of this host is 36\\d\\d s ${way} the issuer's\\. Set it\\.`),
      )
      host.clock.jump(-skewMs)
      await site.run(14 * hourMs)
      await assertComesBack()
    })
  }

  for (const [way, jumpMs, sentence] of [
    ['forward', 3 * dayMs, /is 3 d ahead of .* seems to have expired\. Set the clock/],
    ['back', -3 * dayMs, /is 3 d behind .* seems to be not valid yet\. Set the clock/],
  ] as const) {
    test(`the clock jumps three days ${way} for eight hours → the port is valid throughout, and told`, async () => {
      await site.run(2 * hourMs)
      host.clock.jump(jumpMs)
      for (let hour = 0; hour < 8; hour++) {
        await site.run(hourMs)
        assert.ok(host.servesValid(), host.told())
      }
      assert.match(host.told(), sentence)
      host.clock.jump(-jumpMs)
      await assertComesBack()
      for (let half = 0; half < 4; half++) {
        await site.run(8 * hourMs)
        assert.ok(host.servesValid(), host.told())
      }
    })
  }

  for (const [what, zone, start] of [
    ['a leap day', 'Pacific/Kiritimati', '2028-02-28T12:00:00Z'],
    ['the change to summer time', 'Europe/Berlin', '2028-03-25T12:00:00Z'],
  ] as const) {
    test(`${what} in ${zone} → renewed twice a day as ever`, async () => {
      const before = process.env.TZ
      process.env.TZ = zone
      const there = await createTimedSite(Date.parse(start))
      try {
        const zoned = there.host('web-1', '192.0.2.1')
        await zoned.enroll()
        for (let third = 0; third < 6; third++) {
          await there.run(8 * hourMs)
          assert.ok(zoned.servesValid())
        }
        assert.deepEqual(zoned.alarms(), [])
        assert.ok(zoned.events.filter(({ event }) => event === 'served').length >= 4)
      } finally {
        await there.close()
        if (before === undefined) delete process.env.TZ
        else process.env.TZ = before
      }
    })
  }
})
