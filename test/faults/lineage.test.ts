import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { hourMs, minuteMs, parsePrivateKey } from '@mayfly/ca-core'
import { createJoinedHost, type TimedHost, type TimedSite } from '../support/hosts/timed-host.ts'

describe('a lineage in the wrong place, with the real issuer', { timeout: 240_000 }, () => {
  let site: TimedSite
  let host: TimedHost

  beforeEach(async () => {
    ;({ site, host } = await createJoinedHost())
  })
  afterEach(() => site.close())

  test('lineage copied to a second host: a machine is copied with its disk → suspended within a cycle, both addresses named, both told; enrolled anew, both are well', async () => {
    // 1. The copy runs beside the original.
    await site.run(3 * hourMs)
    const copy = await host.copy('192.0.2.2')
    copy.server.servedChain = host.server.servedChain
    // Both take the certificate that was asked for before the copy, and part with the key after it.
    await site.run(12 * hourMs)
    // 2. The issuer names both.
    const { alarms } = await site.issuer().status()
    const [conflict] = alarms.filter(({ because }) => because === 'lineage-conflict')
    assert.match(
      conflict?.message ?? '',
      /Two hosts hold the lineage of web-1: (192\.0\.2\.1 and 192\.0\.2\.2|192\.0\.2\.2 and 192\.0\.2\.1)\./,
    )
    for (const one of [host, copy]) assert.ok(one.servesValid())
    // 3. Each says what to do as soon as it has asked again.
    await site.run(13 * hourMs)
    for (const one of [host, copy]) {
      assert.match(one.told(), /^critical: .*(mayfly identity resume)/m)
    }
    // 4. A person decides; the copy is told when it asks the next time, about once an hour.
    await resume('web-1')
    await host.enroll()
    await site.run(6 * hourMs)
    assert.ok(host.servesValid())
    assert.deepEqual(host.alarms(), [])
    assert.match(copy.told(), /^critical: .*enrol this host again/m)
  })

  test('the store is restored from an older backup → the host serves on and says that it is not known; with the newest store it goes on by itself', async () => {
    // 1. The backup is older than the host's certificate.
    await site.backUp()
    await site.run(26 * hourMs)
    const before = host.server.servedChain
    const undo = await site.restore()
    // 2. The issuer does not know the lineage any more: nothing is issued, nothing is suspended, and it is told.
    await site.run(13 * hourMs)
    assert.equal(host.server.servedChain, before)
    assert.ok(host.servesValid())
    assert.match(
      host.told(),
      /^critical: .*If the issuer was restored from a backup, restore its newest store\. Otherwise enrol again: `mayfly token create`/m,
    )
    // 3. The newest store comes back.
    await undo()
    await site.run(90 * minuteMs)
    assert.notEqual(host.server.servedChain, before)
    assert.ok(host.servesValid())
    assert.deepEqual(host.alarms(), [])
  })

  test('the store is restored from an older backup, and forgotten lineages are accepted → the host shows its certificate and goes on by itself', async () => {
    await site.backUp()
    await site.run(26 * hourMs)
    const before = host.server.servedChain
    await site.restoreAccepting()
    await site.run(13 * hourMs)
    assert.notEqual(host.server.servedChain, before)
    assert.ok(host.servesValid())
    assert.deepEqual(host.alarms(), [])
    const { state, lineage } = await site.issuer().showIdentity('web-1')
    assert.equal(state, 'active')
    assert.ok((lineage?.generation ?? 0) >= 2, 'the lineage that was begun for it goes on')
    await site.run(26 * hourMs)
    assert.ok(host.servesValid())
    assert.deepEqual(host.alarms(), [])
  })

  test('the store is restored from an older backup for good → one command brings the host back', async () => {
    await site.backUp()
    await site.run(26 * hourMs)
    await site.restore()
    await site.run(13 * hourMs)
    await host.enroll()
    await site.run(90 * minuteMs)
    assert.ok(host.servesValid())
    assert.deepEqual(host.alarms(), [])
  })

  test('the configuration asks for a name that is not allowed, for days → told, never taken for two hosts, and well when it is corrected', async () => {
    await site.run(hourMs)
    host.configure({ names: ['dns:evil.example'] })
    await site.run(8 * hourMs)
    assert.match(host.told(), /^warning: .*may not have dns:evil\.example/)
    assert.equal((await site.issuer().showIdentity('web-1')).state, 'active')
    assert.ok(host.servesValid())
    host.configure({})
    await site.run(10 * minuteMs)
    assert.deepEqual(host.alarms(), [])
    await site.run(5 * hourMs)
    assert.ok(host.servesValid())
    assert.equal(host.events.filter(({ event }) => event === 'served').length, 2)
  })

  test('keyType is changed while a key waits → the next certificate has it, at its time, and the lineage goes on as one', async () => {
    await site.run(hourMs)
    const { staged } = host.state()
    assert.ok(staged?.promise)
    host.configure({ keyType: 'ed25519' })
    await site.run(minuteMs)
    assert.notEqual(host.state().staged?.keyHash, staged.keyHash)
    assert.equal(host.state().staged?.promise?.mintAt, staged.promise.mintAt)
    assert.equal(typeOfHead(), 'ec-p256', 'not ahead of its time')
    await site.run(13 * hourMs)
    assert.equal(typeOfHead(), 'ed25519')
    // One that the issuer refuses, for hours; and back and forth.
    host.configure({ keyType: 'ec-p384' })
    await site.run(2 * hourMs)
    assert.match(host.told(), /Keys of type ec-p384 are not certified here; use one of: ec-p256, ed25519\./)
    for (const keyType of ['ed25519', 'ec-p256', 'ed25519', 'ec-p256']) {
      host.configure({ keyType })
      await site.run(5 * minuteMs)
    }
    assert.equal(typeOfHead(), 'ed25519')
    await site.run(13 * hourMs)
    assert.equal(typeOfHead(), 'ec-p256')
    assert.deepEqual(host.alarms(), [])
    assert.ok(host.servesValid())
    const { state, lineage } = await site.issuer().showIdentity('web-1')
    assert.equal(state, 'active')
    assert.equal(lineage?.generation, 3, 'a certificate for each rotation')
  })

  function typeOfHead(): string {
    return parsePrivateKey(host.state().head.keyPem).type
  }

  async function resume(name: string): Promise<void> {
    const attempt = site.issuer().openAudit({ requestId: 'by-hand', action: 'identity.resume' })
    await site.issuer().resumeIdentity(name, attempt)
    await attempt.close({ outcome: 'done' })
  }
})
