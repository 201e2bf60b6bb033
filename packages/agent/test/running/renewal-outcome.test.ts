import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { hourMs, MayflyError, minuteMs } from '@mayfly/ca-core'
import { type RenewalOutcome, renewalOutcome } from '../../src/running/renewal-outcome.ts'
import { VirtualHost } from '../support/virtual-host.ts'

describe('what has become of a wish for a renewal', () => {
  let host: VirtualHost
  let wishedAt: number
  const outcome = (): RenewalOutcome => renewalOutcome(host.state, wishedAt)

  beforeEach(async () => {
    host = await VirtualHost.create()
    await host.enroll()
    await host.run(hourMs)
  })

  const wish = async (): Promise<void> => {
    await host.clock.advance(1)
    wishedAt = host.clock.now()
    await host.store.wishRenewal(wishedAt)
  }

  /** One thing after another, until it is known. */
  const untilKnown = async (): Promise<RenewalOutcome> => {
    for (let deeds = 0; deeds < 32 && outcome().is === 'under-way'; deeds++) await host.keeper.step(1)
    return outcome()
  }

  test('nothing else is under way: → its certificate, once it is served', async () => {
    await wish()
    assert.equal(outcome().is, 'under-way')
    const known = await untilKnown()
    assert.ok(known.is === 'renewed')
    assert.equal(known.generation, 2)
    assert.equal(known.serial, host.state.head.serial)
  })

  test('another certificate is on its way: → not that one, but its own', async () => {
    host.server.isDown = true
    while (host.state.candidate === undefined) await host.run(minuteMs)
    const other = host.state.candidate.serial
    host.server.isDown = false
    await wish()
    const known = await untilKnown()
    assert.ok(known.is === 'renewed')
    assert.ok(host.events.some((event) => event.event === 'served' && event.serial === other))
    assert.notEqual(known.serial, other)
    assert.equal(known.serial, host.state.head.serial)
  })

  test('it has come and could not be served: → under way, with what failed', async () => {
    host.server.ignoreReload = true
    await wish()
    await host.run(minuteMs)
    const known = outcome()
    assert.ok(known.is === 'under-way')
    assert.equal(known.setback?.code, 'probe-failed')
    host.server.ignoreReload = false
    await host.run(10 * minuteMs)
    assert.equal(outcome().is, 'renewed')
  })

  test('a later wish was granted before it was looked at: → that certificate', async () => {
    await wish()
    const first = wishedAt
    await wish()
    await host.step()
    assert.equal(renewalOutcome(host.state, first).is, 'renewed')
  })

  test('the issuer was asked since, and only a person can help: → refused', async () => {
    host.issuer.fault = async () =>
      host.issuer.problem(new MayflyError('identity-suspended', 'The identity web-1 is suspended.'))
    await wish()
    const known = await untilKnown()
    assert.ok(known.is === 'refused')
    assert.equal(known.setback.code, 'identity-suspended')
  })
})
