import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { dayMs } from '@mayfly/ca-core'
import { FakeClock } from '../../../../test/fakes/fake-clock.ts'
import { createAlarmLog } from '../../src/alarms/alarm-log.ts'
import { authorityEnd } from '../../src/alarms/authority-end.ts'
import { rootEnd } from '../../src/alarms/root-end.ts'
import type { Alarm } from '../../src/issuing/issuer-status.ts'
import { createHost, createIssuerKit } from '../support/issuer-kit.ts'

const notAfter = Date.UTC(2026, 3, 15)

describe('end of the intermediate', () => {
  for (const [days, expected] of [
    [31, 'far'],
    [30, 30],
    [15, 30],
    [14, 14],
    [7.01, 14],
    [7, 7],
    [0.5, 7],
    [0, 'over'],
    [-3, 'over'],
  ] as const) {
    it(`${days} days ahead → ${expected}`, () => {
      const end = authorityEnd(notAfter, notAfter - days * dayMs)
      assert.equal(end.is === 'near' ? end.withinDays : end.is, expected)
    })
  }

  it('near → a leaf ends with it, and the status warns; over → refused with what to do', async () => {
    const kit = await createIssuerKit()
    try {
      const host = createHost(() => kit, 'web-1', '192.0.2.1')
      const { certificate } = kit.ports.authority().authority
      await kit.clock.advance(certificate.notAfter - kit.clock.now() - dayMs / 24)
      const held = await host.enroll()
      assert.ok(held.certificate.notAfter <= certificate.notAfter)
      const [near] = (await kit.issuer.status()).alarms
      assert.deepEqual([near?.because, near?.withinDays], ['authority-ending', 7])
      assert.equal((await host.request()).status, 'scheduled')
      await kit.clock.advance(dayMs / 24)
      await assert.rejects(host.request({ immediate: true }), {
        code: 'authority-expired',
        message: /expires at .*install a new one/,
      })
      assert.ok((await kit.issuer.status()).alarms.some(({ because }) => because === 'authority-expired'))
      const { failed, stopped } = await kit.issuer.sweep({ until: kit.clock.now() })
      assert.deepEqual([failed, stopped?.code], [0, 'authority-expired'])
    } finally {
      await kit.close()
    }
  })

  it('not begun yet, as a clock that is far behind says → the sweep stops, and no key is told to have failed', async () => {
    const kit = await createIssuerKit()
    try {
      const host = createHost(() => kit, 'web-1', '192.0.2.1')
      await host.enroll()
      await host.request()
      kit.clock.jump(-dayMs)
      const { failed, stopped } = await kit.issuer.sweep({ until: kit.clock.now() + 3 * dayMs })
      assert.deepEqual([failed, stopped?.code], [0, 'clock-wrong'])
    } finally {
      await kit.close()
    }
  })
})

describe('end of a root', () => {
  const root = { subject: 'CN=Test Root', notAfter }
  for (const [days, says] of [
    [366, undefined],
    [365, /CN=Test Root ends at 2026-04-15.*in 365 days/],
    [0.5, /in less than a day/],
    [0, /ended at .*still in the trust bundle/],
  ] as const) {
    it(`${days} days ahead → ${says ?? 'nothing'}`, () => {
      const told = rootEnd(root, notAfter - days * dayMs)
      if (says === undefined) assert.equal(told, undefined)
      else assert.match(told ?? '', says)
    })
  }

  it('near → an alarm of the status, once for each such root', async () => {
    const kit = await createIssuerKit()
    try {
      const alarms = async () => (await kit.issuer.status()).alarms.map(({ because }) => because)
      assert.ok(!(await alarms()).includes('root-ending'))
      const [held] = kit.bundle.roots
      await kit.clock.advance((held?.notAfter ?? 0) - kit.clock.now() - 200 * dayMs)
      assert.equal((await alarms()).filter((because) => because === 'root-ending').length, 1)
    } finally {
      await kit.close()
    }
  })
})

describe('alarm log', () => {
  it('told when it comes, when it grows more urgent, once a day, and when it is over', async () => {
    const clock = new FakeClock()
    const lines: string[] = []
    const look = createAlarmLog({
      clock,
      told: ({ because, withinDays }) => lines.push(`${because} ${withinDays ?? ''}`.trim()),
      ended: (because) => lines.push(`${because} over`),
    })
    const ending = (withinDays: number): Alarm => ({ because: 'authority-ending', message: '', withinDays })
    look([ending(30)])
    look([ending(30)])
    assert.deepEqual(lines.splice(0), ['authority-ending 30'])
    await clock.advance(dayMs)
    look([ending(30)])
    look([ending(14), { because: 'sweep-stopped', message: '' }])
    look([{ because: 'sweep-stopped', message: '' }])
    assert.deepEqual(lines, [
      'authority-ending 30',
      'authority-ending 14',
      'sweep-stopped',
      'authority-ending over',
    ])
  })
})
