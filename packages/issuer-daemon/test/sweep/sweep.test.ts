import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import {
  dayMs,
  type ErrorCode,
  generateKeyPair,
  hourMs,
  type KeyPair,
  MayflyError,
  minuteMs,
} from '@mayfly/ca-core'
import { stageFleet } from '../../../../test/crash/staged-fleet.ts'
import { auditSegmentRecordsMax } from '../../src/audit/audit-segment.ts'
import type { Store } from '../../src/store/store.ts'
import { setAside } from '../../src/sweep/set-aside.ts'
import { ToldFailures } from '../../src/sweep/told-failures.ts'
import { assertRefused } from '../support/assert-refused.ts'
import { createFaultyStore, type FaultyStore } from '../support/faulty-store.ts'
import {
  attempted,
  auditOf,
  createHost,
  createIssuerKit,
  type IssuerKit,
  type TestHost,
} from '../support/issuer-kit.ts'

const hostCount = 25

describe('sweep', () => {
  let kit: IssuerKit
  let faulty: FaultyStore
  let hosts: TestHost[]
  let looks = 0
  let keys: KeyPair[]

  beforeEach(async () => {
    faulty = createFaultyStore()
    looks = 0
    kit = await createIssuerKit({ wrapStore: (store) => countLooks(faulty.wrap(store)) })
    hosts = Array.from({ length: hostCount }, (_, index) =>
      createHost(() => kit, `web-${index}`, `192.0.2.${index}`),
    )
    keys = await Promise.all(hosts.map(() => generateKeyPair('ec-p256')))
    await Promise.all(hosts.map((host) => host.enroll()))
    await Promise.all(hosts.map((host, index) => host.request({ keyPair: keyOf(index) })))
    await kit.clock.advance(14 * hourMs)
  })
  afterEach(() => kit.close())

  const keyOf = (index: number): KeyPair => {
    const key = keys[index]
    assert.ok(key)
    return key
  }
  const countLooks = (store: Store): Store => ({
    ...store,
    claimDue: (page) => {
      looks++
      return store.claimDue(page)
    },
  })
  const sweep = (signal?: AbortSignal) =>
    kit.issuer.sweep({ until: kit.clock.now(), ...(signal && { signal }) })

  it('all due, in chunks → each is minted once; the next sweep finds nothing', async () => {
    assert.deepEqual(await sweep(), { due: hostCount, minted: hostCount, failed: 0 })
    const told = (await auditOf(kit)).filter(({ action }) => action === 'sweep')
    for (const [index, host] of hosts.entries()) {
      const { serial } = (await host.fetch(keyOf(index)))?.certificate ?? assert.fail('no certificate')
      const facts = { identity: host.name, actor: { kind: 'issuer' }, outcome: 'issued', generation: 2 }
      const [{ at: _, requestId, ...record } = {}, ...more] = told.filter((one) => one.serial === serial)
      assert.deepEqual([record, more], [{ ...facts, action: 'sweep', serial }, []])
      assert.match(String(requestId), /^sweep-/)
    }
    assert.deepEqual(await sweep(), { due: 0, minted: 0, failed: 0 })
    assert.equal(kit.steps.filter((step) => step === 'signed').length, hostCount + 3)
  })

  it('nothing due, or less than a chunk → the store is asked for it once', async () => {
    await sweep()
    looks = 0
    await sweep()
    assert.equal(looks, 1)
    const late = createHost(() => kit, 'late', '192.0.2.200')
    await late.enroll()
    await late.request()
    await kit.clock.advance(14 * hourMs)
    looks = 0
    assert.equal((await sweep()).minted, 1)
    assert.equal(looks, 1)
  })

  it('renewAt is drawn once for each certificate and spread over the last fifth of the cycle', async () => {
    const drawn = new Set<number>()
    await sweep()
    for (const { publicKey } of keys) {
      const record = await kit.store.certificate({ keyHash: publicKey.hash })
      assert.ok(record)
      drawn.add(record.renewAt)
      const share = (record.renewAt - kit.clock.now()) / (12 * hourMs)
      assert.ok(share > 0.79 && share <= 1, `${share}`)
    }
    assert.equal(drawn.size, hostCount)
  })

  it('until is the next run → what falls due before it is minted now', async () => {
    await sweep()
    const [host] = hosts
    host?.use({ keyPair: keyOf(0), certificate: (await host.fetch(keyOf(0)))?.certificate ?? assert.fail() })
    const keyPair = await generateKeyPair('ec-p256')
    const answer = await host?.request({ keyPair })
    assert.ok(answer?.status === 'scheduled')
    const mintAt = Date.parse(answer.mintAt)
    assert.equal((await kit.issuer.sweep({ until: mintAt - 1 })).minted, 0)
    assert.equal((await kit.issuer.sweep({ until: mintAt })).minted, 1)
  })

  it('one identity fails → the others are minted, and the audit says why', async () => {
    const broken = await kit.store.identity({ name: 'web-7' })
    assert.ok(broken)
    const next = { ...broken, names: [] }
    await kit.store.commit([{ at: kit.clock.now(), parts: [{ do: 'move-identity', next }] }])
    assert.deepEqual(await sweep(), { due: hostCount, minted: hostCount - 1, failed: 1 })
    const record = (await auditOf(kit)).find(
      ({ identity, action }) => identity === 'web-7' && action === 'sweep',
    )
    assert.deepEqual([record?.outcome, record?.reason], ['refused', 'profile-violation'])
  })

  for (const [name, changed, code] of [
    ['key types that the policy took away', { keyTypes: ['ed25519'] }, 'key-type-unsupported'],
    ['a quota that is used up', { dailyQuota: 0 }, 'quota-exceeded'],
  ] as const) {
    it(`${name} → one record however often it is swept; the host is told, and gets its key certified later`, async () => {
      const [host] = hosts
      assert.ok(host)
      const before = { ...kit.ports.policy }
      Object.assign(kit.ports.policy, changed)
      assert.deepEqual(await sweep(), { due: hostCount, minted: 0, failed: hostCount })
      assert.deepEqual(await sweep(), { due: 0, minted: 0, failed: 0 })
      const records = (await auditOf(kit)).filter(
        ({ identity, action }) => identity === 'web-0' && action === 'sweep',
      )
      assert.deepEqual(
        records.map(({ outcome, reason }) => [outcome, reason]),
        [['refused', code]],
      )
      await assertRefused(code, host.request({ keyPair: keyOf(0) }), kit)
      Object.assign(kit.ports.policy, before)
      assert.equal((await host.request({ keyPair: keyOf(0) })).status, 'issued')
    })
  }

  it('a key fails for a reason of ours → one record and an alarm however often it is swept, also after a start; mended, it is certified', async () => {
    const { server } = kit.ports.authority().profiles
    const plan = server.plan.bind(server)
    let code: ErrorCode | undefined = 'lint-failed'
    Object.assign(server, {
      plan: (order: Parameters<typeof plan>[0]) => {
        if (code !== undefined && order.identity.name === 'web-7') throw new MayflyError(code, 'broken')
        return plan(order)
      },
    })
    const records = async () =>
      (await auditOf(kit))
        .filter(({ identity, action }) => identity === 'web-7' && action === 'sweep')
        .map(({ outcome, reason }) => [outcome, reason])
    const alarms = async () => (await kit.issuer.status()).alarms
    const waiting = { keys: 1, because: ['lint-failed'] }

    assert.deepEqual(await sweep(), { due: hostCount, minted: hostCount - 1, failed: 1, waiting })
    for (let time = 0; time < 3; time++)
      assert.deepEqual(await sweep(), { due: 1, minted: 0, failed: 1, waiting })
    assert.deepEqual(await records(), [['failed', 'lint-failed']])
    const [alarm, ...others] = await alarms()
    assert.equal(alarm?.because, 'keys-failing')
    assert.match(alarm.message, /^1 key did not get .* own: lint-failed\. /)
    assert.deepEqual(others, [])

    kit = await kit.restart()
    await kit.issuer.recover()
    assert.deepEqual(await alarms(), [alarm])

    code = 'internal'
    await sweep()
    assert.deepEqual((await records()).at(-1), ['failed', 'internal'])
    code = undefined
    assert.deepEqual(await sweep(), { due: 1, minted: 1, failed: 0 })
    assert.deepEqual(await alarms(), [])
  })

  it('refused, and another key is staged meanwhile → that one stays staged, and no record is kept of the other', async () => {
    const [due] = await kit.store.claimDue({ until: kit.clock.now(), limit: 1 })
    assert.ok(due)
    const at = kit.clock.now()
    const record = {
      at,
      requestId: 'sweep-1',
      action: 'sweep',
      actor: { kind: 'issuer' },
      outcome: 'refused',
      reason: 'quota-exceeded',
    } as const
    const identity = await kit.store.identity({ id: due.id })
    assert.ok(identity)
    await kit.store.commit([{ at, parts: [{ do: 'move-identity', next: identity }] }])
    const recorded = (await auditOf(kit)).length
    const aside = await setAside([{ identity: due, record }], { ...kit, told: new ToldFailures() }, at)
    assert.deepEqual(aside, { failed: 0 })
    assert.deepEqual((await kit.store.identity({ id: due.id }))?.staged, identity.staged)
    assert.equal((await auditOf(kit)).length, recorded)
  })

  it('suspended since it was staged → not minted', async () => {
    await attempted(kit.issuer, 'identity.suspend', undefined, (attempt) =>
      kit.issuer.suspendIdentity('web-3', attempt),
    )
    assert.equal((await sweep()).minted, hostCount - 1)
    assert.equal(await hosts[3]?.fetch(keyOf(3)), undefined)
  })

  it('an identity moves between the intent and the record → what was signed is burnt, and the next sweep mints it', async () => {
    const [first] = await kit.store.claimDue({ until: kit.clock.now(), limit: 1 })
    assert.ok(first)
    faulty.before = {
      part: 'record',
      act: async () => {
        const identity = await kit.store.identity({ id: first.id })
        assert.ok(identity?.lineage)
        assert.equal(identity.version, first.version, 'the intent left the identity as it was')
        const lineage = { ...identity.lineage, newestGeneration: identity.lineage.newestGeneration + 1 }
        const next = { ...identity, lineage }
        await kit.store.commit([{ at: kit.clock.now(), parts: [{ do: 'move-identity', next }] }])
      },
    }
    assert.deepEqual(await sweep(), { due: hostCount, minted: hostCount - 1, failed: 0 })
    const moved = await kit.store.identity({ id: first.id })
    assert.equal(await kit.issuer.certificate(first.staged.keyHash), undefined)
    assert.equal((await kit.store.counts(kit.clock.now())).burnt, 1)
    assert.deepEqual(await sweep(), { due: 1, minted: 1, failed: 0 })
    const minted = await kit.store.identity({ id: first.id })
    const generation = (moved?.lineage?.newestGeneration ?? 0) + 1
    assert.deepEqual(
      [minted?.newest?.generation, minted?.lineage?.newestGeneration],
      [generation, generation],
    )
    assert.equal(minted?.quota.count, 1, 'what was burnt does not count')
  })

  it('intents cannot be written → nothing is signed, and the sweep stops', async () => {
    const { signatures } = kit.signer
    faulty.refuses = 'intend'
    const { stopped, ...figures } = await sweep()
    assert.deepEqual(figures, { due: 0, minted: 0, failed: 0 })
    assert.equal(stopped?.code, 'store-unavailable')
    assert.equal(kit.signer.signatures, signatures)
    const message = `The last sweep was stopped (store-unavailable), and each one tries again: ${stopped.message}`
    assert.match(message, /no space left on device/)
    assert.deepEqual((await kit.issuer.status()).alarms, [{ because: 'sweep-stopped', message }])
    faulty.refuses = undefined
    assert.equal((await sweep()).minted, hostCount)
  })

  it('certificates cannot be recorded → none is given out, no loop, and it recovers by itself', async () => {
    faulty.refuses = 'record'
    assert.equal((await sweep()).stopped?.code, 'store-unavailable')
    assert.equal((await sweep()).stopped?.code, 'store-unavailable')
    assert.equal(await hosts[0]?.fetch(keyOf(0)), undefined)
    faulty.refuses = undefined
    await kit.clock.advance(6 * minuteMs)
    assert.equal((await sweep()).minted, hostCount)
    const { burnt, issued } = await kit.store.counts(kit.clock.now())
    // Each sweep that fails burns no more than one chunk.
    assert.equal(burnt, 2 * kit.ports.policy.sweepChunk)
    assert.equal(issued, 2 * hostCount)
  })

  it('neither its report nor the end that it signed can be kept → it says so, and no host is given that end', async () => {
    const headGiven = async () => (await hosts[0]?.request())?.auditHead
    faulty.refuses = 'set-note'
    const { stopped, ...figures } = await sweep()
    assert.deepEqual(figures, { due: hostCount, minted: hostCount, failed: 0 })
    assert.equal(stopped?.code, 'store-unavailable')
    const { lastSweep } = await kit.issuer.status()
    assert.deepEqual(lastSweep?.stopped, stopped)
    assert.match(stopped.message, /no space left on device/)
    assert.equal(await headGiven(), undefined)
    faulty.refuses = undefined
    assert.equal((await sweep()).stopped, undefined)
    assert.notEqual(await headGiven(), undefined)
  })

  it('ends → its report and the end that it signed share one transaction', async () => {
    let writes = 0
    const each = {
      part: 'set-note',
      act: async () => {
        writes += 1
        faulty.before = each
      },
    } as const
    faulty.before = each
    await sweep()
    faulty.before = undefined
    assert.equal(writes, 1)
    for (const name of ['sweep.last', 'audit.head']) assert.notEqual(await kit.store.note(name), undefined)
  })

  it('chunks are large → a fault burns a hundred serials at most; without one a hundred go ahead of the others', async () => {
    const extra = 150
    const before = { ...kit.ports.policy }
    Object.assign(kit.ports.policy, { sweepChunk: 1_000 })
    await stageFleet(kit.store, extra, kit.clock.now())
    faulty.refuses = 'record'
    assert.equal((await sweep()).stopped?.code, 'store-unavailable')
    faulty.refuses = undefined
    await kit.clock.advance(6 * minuteMs)
    looks = 0
    assert.equal((await sweep()).minted, hostCount + extra)
    assert.equal(looks, 2)
    assert.equal((await kit.store.counts(kit.clock.now())).burnt, 100)
    Object.assign(kit.ports.policy, before)
  })

  it('aborted → ends between chunks, and the next sweep goes on', async () => {
    const stopping = new AbortController()
    const sweeping = kit.issuer.sweep({
      until: kit.clock.now(),
      signal: stopping.signal,
    })
    stopping.abort()
    const { minted } = await sweeping
    assert.ok(minted < hostCount)
    assert.equal((await sweep()).minted, hostCount - minted)
  })

  it('the clock far behind → stops before anything is signed', async () => {
    await attempted(kit.issuer, 'test', undefined, async () => undefined)
    const { signatures } = kit.signer
    kit.clock.jump(-10 * minuteMs)
    const report = await kit.issuer.sweep({ until: kit.clock.now() + hourMs })
    assert.equal(report.stopped?.code, 'clock-wrong')
    assert.equal(kit.signer.signatures, signatures)
  })

  it('requests in between → are answered while the sweep runs', async () => {
    const late = createHost(() => kit, 'late', '192.0.2.200')
    const [report] = await Promise.all([sweep(), late.enroll()])
    assert.equal(report.minted, hostCount)
    assert.ok(late.current)
  })

  it('old certificates → pruned after the retention, their serials and keys remembered', async () => {
    await sweep()
    await kit.clock.advance(9 * dayMs)
    await sweep()
    const { certificates, issued } = await kit.store.counts(kit.clock.now())
    assert.equal(certificates, 0)
    assert.equal(issued, 2 * hostCount)
    assert.equal((await kit.store.issuance(keyOf(0).publicKey.hash))?.state, 'recorded')
  })

  it('a retention shorter than the recovery window → what hosts replaced goes, and who was away comes back', async () => {
    await kit.close()
    kit = await createIssuerKit({ policy: { retentionSeconds: 86_400 } })
    const away = createHost(() => kit, 'away', '192.0.2.201')
    await away.enroll()
    const first = away.current
    const second = await generateKeyPair('ec-p256')
    await away.request({ keyPair: second, immediate: true })
    const held = await away.fetch(second)
    assert.ok(held)
    away.use(held)
    await away.request()
    await kit.clock.advance(5 * dayMs)
    await sweep()
    const keptOf = (key: KeyPair) => kit.store.certificate({ keyHash: key.publicKey.hash })
    assert.equal(await keptOf(first.keyPair), undefined)
    assert.ok(await keptOf(second))
    const answer = await away.request()
    assert.equal(answer.status, 'issued')
  })

  it('a busy hour → its audit is packed, a segment at a time', async () => {
    const kinds = Array.from({ length: 2 * auditSegmentRecordsMax }, (_, index) => `note-${index}`)
    await Promise.all(kinds.map((action) => attempted(kit.issuer, action, undefined, async () => undefined)))
    await kit.clock.advance(2 * hourMs)
    await sweep()
    assert.ok(kit.steps.filter((step) => step === 'audit.packed').length >= 2)
    const actions = new Set((await auditOf(kit)).map(({ action }) => action))
    assert.ok(kinds.every((action) => actions.has(action)))
  })
})
