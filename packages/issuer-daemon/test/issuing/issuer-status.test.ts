import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { addSeconds, formatInstant, generateKeyPair, hourMs } from '@mayfly/ca-core'
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
    assert.ok(status.storeBytes > 10_000)
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
