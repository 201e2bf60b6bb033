import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { addSeconds, formatInstant, generateKeyPair, hourMs, MayflyError } from '@mayfly/ca-core'
import { keepAlarm } from '../../src/alarms/kept-alarms.ts'
import { storeLogBytesMax } from '../../src/alarms/log-alarms.ts'
import { createIssuer } from '../../src/issuing/create-issuer.ts'
import { viewFleet } from '../../src/issuing/fleet-view.ts'
import { createHost, createIssuerKit, type IssuerKit } from '../support/issuer-kit.ts'

describe('issuer status', () => {
  let kit: IssuerKit
  beforeEach(async () => {
    kit = await createIssuerKit()
  })
  afterEach(() => kit.close())

  it('a log that cannot be taken into the store → an alarm with its size, which ends by itself', async () => {
    let bytes = storeLogBytesMax
    const look = async () => {
      const store = { ...kit.ports.store, logBytes: async () => bytes }
      return (await createIssuer({ ...kit.ports, store }).status()).alarms
    }
    assert.deepEqual(await look(), [])
    bytes += 44 * 1_048_576
    const [alarm, ...others] = await look()
    assert.equal(alarm?.because, 'store-log-growing')
    assert.match(alarm.message, /holds 300 MiB .*fuser.*df, dmesg/)
    assert.deepEqual(others, [])
    bytes = 0
    assert.deepEqual(await look(), [])
  })

  it('the store cannot be read → what is known without it, what stood before, and since when it is away', async () => {
    const away = new MayflyError('store-unavailable', 'the store cannot be reached: no route to it')
    let isAway = true
    const store = {
      ...kit.ports.store,
      counts: async (now: number) => {
        if (isAway) throw away
        return kit.ports.store.counts(now)
      },
    }
    const issuer = createIssuer({ ...kit.ports, store })
    const since = formatInstant(kit.clock.now())
    const first = await issuer.status()
    assert.deepEqual(
      [first.bundleSequence, first.authority?.subject, first.roots.length, first.counts, first.fleet],
      [1, kit.ports.authority().authority.certificate.subject, 1, undefined, undefined],
    )
    assert.deepEqual(
      first.alarms.map(({ because }) => because),
      ['store-unavailable'],
    )
    isAway = false
    await keepAlarm(
      { because: 'store-restored', message: 'A backup of before.' },
      {
        at: kit.clock.now(),
        requestId: 'restore',
        action: 'store.restore',
        actor: { kind: 'issuer' },
        outcome: 'done',
      },
      kit.ports.store,
    )
    const stands = (await issuer.status()).alarms
    assert.deepEqual(
      stands.map(({ because }) => because),
      ['store-restored'],
    )
    isAway = true
    await kit.clock.advance(hourMs)
    const again = formatInstant(kit.clock.now())
    await issuer.status()
    await kit.clock.advance(hourMs)
    const [alarm, ...others] = (await issuer.status()).alarms
    assert.notEqual(again, since)
    assert.equal(alarm?.message.indexOf(`The store is away, at least since ${again}: `), 0)
    assert.match(alarm?.message ?? '', /no route to it\. Nothing is issued, .* goes on by itself/)
    assert.deepEqual(others, stands, 'nobody is to think that it is over')
    // A write that failed before is when it began.
    const trouble = { since: kit.clock.now() - 3 * hourMs, message: 'not written' }
    const written = await createIssuer({ ...kit.ports, store, writeTrouble: () => trouble }).status()
    assert.deepEqual(
      written.alarms.map(({ message }) => message.slice(0, 57)),
      [`The store is away, at least since ${formatInstant(trouble.since)}`.slice(0, 57)],
    )
  })

  it('a fleet at work → agents by what they told, the last sweep, authorities, the store', async () => {
    const hosts = ['web-1', 'web-2'].map((name) => createHost(() => kit, name, '192.0.2.1'))
    for (const [index, host] of hosts.entries()) {
      await host.enroll()
      await host.request({ report: { version: '0.2.0', bundleSequence: index } })
    }
    await kit.clock.advance(12 * hourMs)
    await kit.issuer.sweep({ until: kit.clock.now() })
    const status = await kit.issuer.status()
    assert.deepEqual(status.fleet, {
      agents: 2,
      agentsBehind: 1,
      byVersion: [{ version: '0.2.0', agents: 2 }],
      byBundleSequence: [
        { bundleSequence: 1, agents: 1 },
        { bundleSequence: 0, agents: 1 },
      ],
    })
    assert.deepEqual(
      { ...status.lastSweep, durationSeconds: undefined },
      {
        due: 2,
        minted: 2,
        failed: 0,
        finishedAt: formatInstant(kit.clock.now()),
        durationSeconds: undefined,
      },
    )
    assert.equal(typeof status.lastSweep?.durationSeconds, 'number')
    kit = await kit.restart()
    assert.equal((await kit.issuer.status()).lastSweep, undefined)
    await kit.issuer.recover()
    assert.deepEqual((await kit.issuer.status()).lastSweep, status.lastSweep)
    assert.deepEqual(
      status.roots.map(({ subject, fingerprint }) => [subject, fingerprint]),
      kit.bundle.roots.map(({ subject, fingerprint }) => [subject, fingerprint]),
    )
    assert.ok((status.storeBytes ?? 0) > 10_000)
  })

  it('a certificate that waits → the oldest is named until its host signs with its key', async () => {
    const host = createHost(() => kit, 'web-1', '192.0.2.1')
    await host.enroll()
    const keyPair = await generateKeyPair('ec-p256')
    await host.request({ keyPair })
    assert.equal((await kit.issuer.status()).oldestUnfetched, undefined)
    await kit.clock.advance(12 * hourMs)
    await kit.issuer.sweep({ until: kit.clock.now() })
    const { oldestUnfetched } = await kit.issuer.status()
    assert.equal(oldestUnfetched?.identity, 'web-1')
    assert.equal(oldestUnfetched?.notAfter, formatInstant(addSeconds(kit.clock.now(), 86_400 - 300)))
    const next = await host.fetch(keyPair)
    assert.ok(next)
    host.use(next)
    await host.request()
    assert.equal((await kit.issuer.status()).oldestUnfetched, undefined)
  })

  it('view: kinds of agents → summed by version and by bundle, the most frequent and the newest first', () => {
    const kinds = [
      { version: '1', bundleSequence: 3, agents: 5 },
      { version: '2', bundleSequence: 4, agents: 7 },
      { version: '1', bundleSequence: 4, agents: 1 },
    ]
    assert.deepEqual(viewFleet(kinds, 4), {
      agents: 13,
      agentsBehind: 5,
      byVersion: [
        { version: '2', agents: 7 },
        { version: '1', agents: 6 },
      ],
      byBundleSequence: [
        { bundleSequence: 4, agents: 8 },
        { bundleSequence: 3, agents: 5 },
      ],
    })
  })
})
