import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { hourMs, MayflyError, minuteMs, secondMs } from '@mayfly/ca-core'
import { FakeRandom } from '../../../../test/fakes/fake-random.ts'
import { certificateSchema } from '../../src/configuration/certificate-settings.ts'
import { openLookSchedule } from '../../src/rotation/look-schedule.ts'
import { isServed, liveGeneration } from '../../src/state/lineage-state.ts'
import { certificateAlarms } from '../../src/status/certificate-alarms.ts'
import { VirtualHost } from '../support/virtual-host.ts'

const probe = [{ connect: '127.0.0.1:443', serverName: 'web-1.example' }]

async function watchedHost(settings: object = {}): Promise<VirtualHost> {
  const host = await VirtualHost.create()
  host.subject = { ...host.subject, settings: certificateSchema.parse({ probe, ...settings }) }
  host.restart()
  await host.enroll()
  await host.step()
  return host
}

const codes = (host: VirtualHost): string[] =>
  certificateAlarms(host.state, host.clock.now()).map(({ code }) => code)

describe('between rotations', () => {
  test('the port is right: looked at every quarter of an hour or a little more often, and nothing is touched', async () => {
    const host = await watchedHost()
    const { reloads } = host.server
    await host.run(8 * hourMs)
    assert.ok(host.server.looks >= 32 && host.server.looks <= 64, `${host.server.looks} looks`)
    assert.equal(host.server.reloads, reloads)
    assert.deepEqual(host.state.setbacks, {})
  })

  test('the server was restarted on another certificate: a reload within the quarter of an hour mends it, and it is told', async () => {
    const host = await watchedHost()
    const { reloads } = host.server
    host.server.servedChain = 'an old one'
    await host.run(15 * minuteMs + secondMs)
    assert.equal(host.server.servedChain, host.state.head.chainPem)
    assert.equal(host.server.reloads, reloads + 1)
    const told = host.events.find(({ event }) => event === 'port-mended')
    assert.deepEqual(told, {
      event: 'port-mended',
      generation: 1,
      serial: host.state.head.serial,
      was: 'the server now serves another.',
    })
    assert.deepEqual(codes(host), [])
  })

  test('a reload does not mend it: alarm, another one about every hour, and over by itself when the port is right', async () => {
    const host = await watchedHost()
    const { reloads } = host.server
    host.server.ignoreReload = true
    host.server.servedChain = 'an old one'
    await host.run(40 * minuteMs)
    assert.equal(host.server.reloads, reloads + 1, 'one reload')
    assert.deepEqual(codes(host), ['probe-failed'])
    assert.equal(isServed(host.state), false)
    host.restart()
    await host.step()
    assert.equal(host.server.reloads, reloads + 1, 'none after a restart of the agent')
    await host.run(4 * hourMs)
    const more = host.server.reloads - reloads
    assert.ok(more >= 4 && more <= 8, `${more} reloads`)
    assert.deepEqual(codes(host), ['probe-failed'])
    host.server.servedChain = host.state.head.chainPem
    await host.run(6 * minuteMs)
    assert.deepEqual(codes(host), [])
    assert.equal(isServed(host.state), true)
    assert.ok(host.events.some((event) => event.event === 'recovered' && event.track === 'look'))
  })

  test("the server's own test fails: it is not reloaded, and the alarm says both", async () => {
    const host = await watchedHost()
    const { reloads } = host.server
    host.server.failCheck = true
    host.server.servedChain = 'an old one'
    await host.run(20 * minuteMs)
    assert.equal(host.server.reloads, reloads)
    const [alarm] = certificateAlarms(host.state, host.clock.now())
    assert.match(alarm?.message ?? '', /now serves another.*nginx -t/s)
    host.server.failCheck = false
    await host.run(5 * minuteMs + secondMs)
    assert.equal(host.server.servedChain, host.state.head.chainPem, 'reloaded once its test is good again')
  })

  test('reloads are ignored for a while: right again within an hour and a half of that, without a rotation', async () => {
    const host = await watchedHost()
    host.server.ignoreReload = true
    host.server.servedChain = 'an old one'
    await host.run(hourMs)
    host.server.ignoreReload = false
    await host.run(1.5 * hourMs)
    assert.equal(host.server.servedChain, host.state.head.chainPem)
    assert.deepEqual(codes(host), [])
    assert.equal(liveGeneration(host.state)?.number, 1)
  })

  test('the reload fails: tried again, and the port is right within five minutes of its being possible', async () => {
    const host = await watchedHost()
    host.server.failReload = true
    host.server.servedChain = 'an old one'
    await host.run(hourMs)
    assert.deepEqual(codes(host), ['reload-failed'])
    const [alarm] = certificateAlarms(host.state, host.clock.now())
    assert.match(alarm?.message ?? '', /now serves another.*does not run/s)
    host.server.failReload = false
    await host.run(5 * minuteMs + secondMs)
    assert.equal(host.server.servedChain, host.state.head.chainPem)
    assert.deepEqual(codes(host), [])
  })

  test('the server ends at the reload that was to mend it: the next one, which starts it again, comes at once', async () => {
    const host = await watchedHost()
    const { reloads } = host.server
    host.server.servedChain = 'an old one'
    host.server.probe = async () => {
      throw new MayflyError('reload-failed', 'nginx has ended at the reload.', {
        details: { because: 'ended' },
      })
    }
    await host.run(16 * minuteMs)
    assert.equal(host.server.reloads, reloads + 2)
    assert.ok(
      host.events.some(
        (event) => event.event === 'failed' && /has ended at the reload/.test(event.setback.message),
      ),
    )
    assert.deepEqual(codes(host), [])
  })

  test('the server was stopped: it is left alone, and no alarm is raised', async () => {
    const host = await watchedHost()
    const { reloads } = host.server
    host.server.isDown = true
    await host.run(5 * hourMs)
    assert.ok(host.server.looks > 10)
    assert.equal(host.server.reloads, reloads)
    assert.deepEqual(codes(host), [])
  })

  test('the port is wrong until the next rotation: that ends the alarm', async () => {
    const host = await watchedHost()
    host.server.ignoreReload = true
    host.server.servedChain = 'an old one'
    // Nothing but the next certificate mends it.
    host.server.check = async () => {
      host.server.ignoreReload = liveGeneration(host.state)?.number === 1
    }
    await host.run(hourMs)
    assert.deepEqual(codes(host), ['probe-failed'])
    await host.run(12 * hourMs)
    assert.equal(liveGeneration(host.state)?.number, 2)
    assert.equal(host.server.servedChain, host.state.head.chainPem)
    assert.deepEqual(host.state.setbacks, {})
  })

  for (const [name, settings] of [
    ['lookMinutes is 0', { lookMinutes: 0 }],
    ['there is no port to look at', { probe: [] }],
  ] as const) {
    test(`${name}: nobody looks`, async () => {
      const host = await watchedHost(settings)
      await host.run(3 * hourMs)
      assert.equal(host.server.looks, 0)
    })
  }
})

describe('when the ports are looked at next', () => {
  const now = Date.UTC(2026, 2, 2)
  const living = (hours: number) => ({
    serial: 'aa',
    chainPem: '',
    keyPem: '',
    notBefore: now - 5 * minuteMs,
    notAfter: now + hours * hourMs,
  })
  const settings = certificateSchema.parse({ probe, lookMinutes: 60 })

  test('drawn once, between half an interval and a whole one; anew after a look', () => {
    const looks = openLookSchedule(settings, new FakeRandom())
    const first = looks.nextAt(living(24), now)
    assert.ok(first !== undefined && first >= now + 30 * minuteMs && first <= now + hourMs)
    assert.equal(looks.nextAt(living(24), now + 29 * minuteMs), first)
    looks.seen()
    const second = looks.nextAt(living(24), first) ?? 0
    assert.ok(second >= first + 30 * minuteMs && second <= first + hourMs)
  })

  test('the clock was set back: not put off', () => {
    const looks = openLookSchedule(settings, new FakeRandom())
    looks.nextAt(living(24), now)
    const back = now - 48 * hourMs
    assert.ok((looks.nextAt(living(24), back) ?? Number.NaN) <= back + hourMs)
  })

  test('a certificate that lives an hour: a share of it', () => {
    const nextAt = openLookSchedule(settings, new FakeRandom()).nextAt(living(1), now) ?? Number.NaN
    assert.ok(nextAt <= now + 2.5 * minuteMs && nextAt >= now + 1.25 * minuteMs)
  })
})
