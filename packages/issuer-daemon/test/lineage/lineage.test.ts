import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import {
  dayMs,
  type ErrorCode,
  generateKeyPair,
  hourMs,
  minuteMs,
  requestLifetimeSeconds,
  secondMs,
} from '@mayfly/ca-core'
import { assertRefused } from '../support/assert-refused.ts'
import {
  attempted,
  auditOf,
  createHost,
  createIssuerKit,
  firstOf,
  type HeldCertificate,
  type IssuerKit,
  type TestHost,
  testPolicy,
} from '../support/issuer-kit.ts'

describe('lineage', () => {
  let kit: IssuerKit
  let host: TestHost

  beforeEach(async () => {
    kit = await createIssuerKit()
    host = createHost(() => kit, 'web-1', '192.0.2.1')
    await host.enroll()
  })
  afterEach(() => kit.close())

  const refused = (code: ErrorCode, asking: Promise<unknown>) => assertRefused(code, asking, kit)

  /** The next certificate on the ordinary way: asked ahead, minted by the sweep, fetched. */
  async function rotate(who: TestHost): Promise<HeldCertificate> {
    const keyPair = await generateKeyPair('ec-p256')
    const answer = await who.request({ keyPair })
    assert.equal(answer.status, 'scheduled')
    await sweepAt(Date.parse(answer.mintAt))
    const next = await who.fetch(keyPair)
    assert.ok(next)
    return next
  }

  async function sweepAt(instant: number): Promise<void> {
    await kit.clock.advance(Math.max(0, instant - kit.clock.now()))
    await kit.issuer.sweep({ until: kit.clock.now() })
  }

  it('asked ahead → scheduled, minted by the sweep at renewAt, not before', async () => {
    const keyPair = await generateKeyPair('ec-p256')
    const answer = await host.request({ keyPair })
    assert.equal(answer.status, 'scheduled')
    await sweepAt(Date.parse(answer.mintAt) - 1)
    assert.equal(await host.fetch(keyPair), undefined)
    await sweepAt(Date.parse(answer.mintAt))
    const next = await host.fetch(keyPair)
    assert.equal(next?.certificate.publicKey.hash, keyPair.publicKey.hash)
    assert.deepEqual(next?.certificate.names, [{ type: 'dns', value: 'web-1.example' }])
  })

  it('the swept certificate asks → it is the head, and its parent is behind', async () => {
    const first = host.current
    host.use(await rotate(host))
    await host.request()
    const { lineage } = await kit.issuer.showIdentity('web-1')
    assert.equal(lineage?.generation, 2)
    await kit.clock.advance(2_000)
    await refused('lineage-conflict', host.request({ by: first }))
  })

  it('suspended between the signature and the decision → refused, for a new key and for one that has its certificate', async () => {
    const keyPair = await generateKeyPair('ec-p256')
    await host.request({ keyPair, immediate: true })
    const { issuer } = kit
    kit = {
      ...kit,
      issuer: {
        ...issuer,
        async authenticateRequest(...asked) {
          const context = await issuer.authenticateRequest(...asked)
          await attempted(issuer, 'suspend', undefined, (attempt) => issuer.suspendIdentity('web-1', attempt))
          return context
        },
      },
    }
    await refused('identity-suspended', host.request({ keyPair }))
    await attempted(issuer, 'resume', undefined, (attempt) => issuer.resumeIdentity('web-1', attempt))
    await refused('identity-suspended', host.request({ immediate: true }))
  })

  it('a request that nothing overtakes → its identity is read once', async () => {
    let reads = 0
    const counted = await createIssuerKit({
      wrapStore: (store) => ({
        ...store,
        identity(by) {
          reads++
          return store.identity(by)
        },
      }),
    })
    try {
      const other = createHost(() => counted, 'web-2', '192.0.2.2')
      await other.enroll()
      reads = 0
      assert.equal((await other.request({ immediate: true })).status, 'issued')
      assert.equal(reads, 1)
    } finally {
      await counted.close()
    }
  })

  it('due → issued at once', async () => {
    await kit.clock.advance(14 * hourMs)
    assert.equal((await host.request()).status, 'issued')
  })

  it('immediate → issued at once, ahead of time', async () => {
    assert.equal((await host.request({ immediate: true })).status, 'issued')
  })

  it('the same key again → the same answer, whether scheduled or issued', async () => {
    const keyPair = await generateKeyPair('ec-p256')
    assert.deepEqual(await host.request({ keyPair }), await host.request({ keyPair }))
    const issued = await host.request({ keyPair, immediate: true })
    assert.equal(issued.status, 'issued')
    assert.deepEqual(await host.request({ keyPair }), issued)
    const { issued: count } = await kit.store.counts(kit.clock.now())
    assert.equal(count, 2)
  })

  it('another key before the mint that names the first → takes the place of the one that was staged', async () => {
    const [first, second] = [await generateKeyPair('ec-p256'), await generateKeyPair('ec-p256')]
    await host.request({ keyPair: first })
    const answer = await host.request({ keyPair: second })
    assert.equal(answer.status, 'scheduled')
    await sweepAt(Date.parse(answer.mintAt))
    assert.equal(await host.fetch(first), undefined)
    assert.ok(await host.fetch(second))
  })

  it('a late copy, signed before the newer certificate was in use → the same answer, or refused without harm', async () => {
    const first = host.current
    const next = await rotate(host)
    const signedAt = kit.clock.now()
    await kit.clock.advance(10_000)
    host.use(next)
    await host.request()
    const again = await host.request({ by: first, keyPair: next.keyPair, signedAt })
    assert.equal(again.status, 'issued')
    await refused('request-stale', host.request({ by: first, signedAt }))
    assert.equal((await kit.issuer.showIdentity('web-1')).state, 'active')
  })

  it('lineage copied to a second host → suspended, and the alarm names both addresses', async () => {
    const thief = createHost(() => kit, 'web-1', '198.51.100.7')
    thief.use(host.current)
    host.use(await rotate(host))
    await host.request()
    await kit.clock.advance(2_000)
    await refused('lineage-conflict', thief.request())

    const { suspension, state } = await kit.issuer.showIdentity('web-1')
    assert.equal(state, 'suspended')
    assert.deepEqual(suspension?.addresses, ['192.0.2.1', '198.51.100.7'])
    const { alarms } = await kit.issuer.status()
    assert.match(
      alarms.find(({ because }) => because === 'lineage-conflict')?.message ?? '',
      /192\.0\.2\.1 and 198\.51\.100\.7/,
    )
    assert.ok(kit.steps.includes('identity.suspended'))
    const record = (await auditOf(kit)).find(({ reason }) => reason === 'lineage-conflict')
    assert.deepEqual(record?.details, { addresses: ['192.0.2.1', '198.51.100.7'] })
    await refused('identity-suspended', host.request())
  })

  for (const immediate of [true, false]) {
    it(`the copy is the first to ask, ${immediate ? 'for now' : 'ahead'} → the rightful host is the one that is noticed, and both stop`, async () => {
      const thief = createHost(() => kit, 'web-1', '198.51.100.7')
      thief.use(host.current)
      assert.equal((await thief.request({ immediate })).status, immediate ? 'issued' : 'scheduled')
      await refused('lineage-conflict', host.request())
      await refused('identity-suspended', thief.request())
      const { suspension } = await kit.issuer.showIdentity('web-1')
      assert.deepEqual(suspension?.addresses, ['198.51.100.7', '192.0.2.1'])
    })
  }

  it('the image holds the next key too → noticed as soon as both have it and ask for the one after it', async () => {
    const keyPair = await generateKeyPair('ec-p256')
    const thief = createHost(() => kit, 'web-1', '198.51.100.7')
    thief.use(host.current)
    const answer = await host.request({ keyPair })
    assert.ok(answer.status === 'scheduled')
    assert.equal((await thief.request({ keyPair })).status, 'scheduled')
    await sweepAt(Date.parse(answer.mintAt))
    for (const holder of [host, thief]) holder.use((await holder.fetch(keyPair)) ?? host.current)
    assert.equal((await host.request()).status, 'scheduled')
    await refused('lineage-conflict', thief.request())
  })

  it('a key given up whose certificate was never taken, and what comes late for it → refused without harm, and the newer one is minted', async () => {
    const [first, second] = [await generateKeyPair('ec-p256'), await generateKeyPair('ec-p256')]
    const signedAt = kit.clock.now()
    await kit.clock.advance(2_000)
    const answer = await host.request({ keyPair: second, replaces: [first.publicKey.hash] })
    await refused('request-stale', host.request({ keyPair: first, replaces: [], signedAt }))
    assert.ok(answer.status === 'scheduled')
    await sweepAt(Date.parse(answer.mintAt))
    assert.ok(await host.fetch(second))
    assert.equal((await kit.issuer.showIdentity('web-1')).state, 'active')
  })

  it('request replayed, also after a restart → refused without harm', async () => {
    const jti = 'a-nonce-that-is-used-twice'
    const by = host.current
    const signedAt = kit.clock.now()
    await host.request({ jti })
    await refused('request-replayed', host.request({ jti, by, signedAt }))
    kit = await kit.restart()
    await refused('request-replayed', host.request({ jti, by, signedAt }))
    // As long as it is valid, also after the store was tidied.
    await kit.clock.advance((requestLifetimeSeconds - 1) * secondMs)
    await kit.issuer.sweep({ until: kit.clock.now() })
    await refused('request-replayed', host.request({ jti, by, signedAt }))
    await kit.clock.advance(2 * secondMs)
    await refused('request-stale', host.request({ jti, by, signedAt }))
    const { state, lineage } = await kit.issuer.showIdentity('web-1')
    assert.deepEqual([state, lineage?.generation], ['active', 1])
  })

  it('an expired head within the recovery window → issued; after it → refused', async () => {
    await kit.clock.advance(5 * dayMs)
    const answer = await host.request()
    assert.equal(answer.status, 'issued')
    await kit.clock.advance(testPolicy.recoveryWindowSeconds * 1_000 + dayMs)
    await refused('lineage-expired', host.request())
  })

  it('enrolled again → the new lineage goes on, the old one has ended', async () => {
    const before = host.current
    await host.enroll()
    await refused('lineage-ended', host.request({ by: before }))
    assert.equal((await host.request()).status, 'scheduled')
  })

  it('suspended → refused by key and by token; resumed → the lineage goes on', async () => {
    await kit.issuer.suspendIdentity(
      'web-1',
      kit.issuer.openAudit({ requestId: 'r', action: 'identity.suspend' }),
    )
    await refused('identity-suspended', host.request())
    const { lineageKept } = await kit.issuer.resumeIdentity(
      'web-1',
      kit.issuer.openAudit({ requestId: 'r', action: 'identity.resume' }),
    )
    assert.ok(lineageKept)
    assert.equal((await host.request()).status, 'scheduled')
  })

  it('resumed after a conflict → a token decides which host is the right one', async () => {
    const first = host.current
    host.use(await rotate(host))
    await host.request()
    await kit.clock.advance(2_000)
    await refused('lineage-conflict', host.request({ by: first }))
    const resume = kit.issuer.openAudit({ requestId: 'r', action: 'identity.resume' })
    assert.equal((await kit.issuer.resumeIdentity('web-1', resume)).lineageKept, false)
    await refused('lineage-ended', host.request())
    await host.enroll()
    assert.equal((await host.request()).status, 'scheduled')
  })

  it("names copied from the request: outside the policy → refused; within it → the policy's", async () => {
    await refused('names-not-allowed', host.request({ names: ['dns:web-1.example', 'dns:admin.example'] }))
    await refused('names-not-allowed', host.request({ names: ['ip:192.0.2.1'] }))
    await refused('names-not-allowed', host.request({ commonName: 'admin.example' }))
    const answer = await host.request({ names: ['dns:web-1.example'], immediate: true })
    assert.ok(answer.status === 'issued')
    assert.deepEqual(firstOf(answer.chain).names, [{ type: 'dns', value: 'web-1.example' }])
  })

  it('a key type outside the policy → refused', async () => {
    await refused('key-type-unsupported', host.request({ keyType: 'ec-p384' }))
  })

  it('a key that was certified before, here or elsewhere → refused', async () => {
    const other = createHost(() => kit, 'web-2', '192.0.2.2')
    await other.enroll()
    await refused('key-reused', host.request({ keyPair: other.current.keyPair }))
    await refused('key-reused', host.request({ keyPair: host.current.keyPair }))
  })

  it('the daily quota used up → refused until the next day', async () => {
    await kit.close()
    kit = await createIssuerKit({ policy: { dailyQuota: 2 } })
    await host.enroll()
    await host.request({ immediate: true })
    const error = await refused('quota-exceeded', host.request({ immediate: true }))
    assert.ok(typeof error.retry === 'object' && error.retry.afterSeconds > 0)
    await kit.clock.advance(dayMs / 2)
    assert.equal((await host.request({ immediate: true })).status, 'issued')
  })

  it('the clock behind what the store has seen → no issuing, until it is mended or accepted', async () => {
    kit.clock.jump(-6 * minuteMs)
    await refused('clock-wrong', host.request({ immediate: true }))
    assert.deepEqual(
      (await kit.issuer.status()).alarms.map(({ because }) => because),
      ['clock-wrong'],
    )
    await kit.issuer.acceptClock(kit.issuer.openAudit({ requestId: 'r', action: 'clock.accept' }))
    assert.equal((await host.request({ immediate: true })).status, 'issued')
  })

  it('a burst for the same key → one certificate, one answer', async () => {
    const keyPair = await generateKeyPair('ec-p256')
    const asking = Promise.all(Array.from({ length: 8 }, () => host.request({ keyPair, immediate: true })))
    const turning = setInterval(() => void kit.clock.advance(50), 1)
    const answers = await asking
    clearInterval(turning)
    assert.equal(new Set(answers.map((answer) => answer.status === 'issued' && answer.serial)).size, 1)
    assert.equal((await kit.store.counts(kit.clock.now())).issued, 2)
  })
})
