import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import {
  dayMs,
  type FlattenedJws,
  generateKeyPair,
  keySigner,
  minuteMs,
  readAuditHead,
  signAuditHead,
  verifyAuditHead,
} from '@mayfly/ca-core'
import { auditChainOrigin, verifyAuditChain } from '../../src/audit/audit-chain.ts'
import { createIssuer } from '../../src/issuing/create-issuer.ts'
import type { Store } from '../../src/store/store.ts'
import {
  attempted,
  auditOf,
  createHost,
  createIssuerKit,
  type IssuerKit,
  type TestHost,
} from '../support/issuer-kit.ts'

/** A store whose history was written anew from some record on. */
interface Forgery {
  cutAfter?: number
  altered?: number
}

describe('audit head', () => {
  let kit: IssuerKit
  let host: TestHost
  let forgery: Forgery

  function forged(store: Store): Store {
    return {
      ...store,
      async auditRecords(page) {
        const records = await store.auditRecords(page)
        return records
          .filter(({ number }) => forgery.cutAfter === undefined || number <= forgery.cutAfter)
          .map((record) =>
            record.number === forgery.altered ? { ...record, hash: new Uint8Array(32) } : record,
          )
      },
    }
  }

  const sweep = () => kit.issuer.sweep({ until: kit.clock.now() })
  const alarms = async () => (await kit.issuer.status()).alarms.map(({ because }) => because)

  /** The head that a host gets with an answer. */
  async function headGiven(): Promise<FlattenedJws> {
    const { auditHead } = await host.request()
    assert.ok(auditHead)
    return auditHead
  }

  beforeEach(async () => {
    forgery = {}
    kit = await createIssuerKit({ wrapStore: forged })
    host = createHost(() => kit, 'web-1', '192.0.2.1')
    await host.enroll()
    await sweep()
  })
  afterEach(() => kit.close())

  it('signed at a sweep → in every answer, verified by the chain, and still there after a restart', async () => {
    const end = await kit.issuer.auditEnd()
    const given = await headGiven()
    assert.deepEqual(given, end.signed)
    const read = readAuditHead(given)
    assert.deepEqual(
      [read?.head.number, read?.head.hash, read?.head.trustDomain],
      [end.number, end.hash, 'test.example'],
    )
    await sweep()
    const newer = readAuditHead(await headGiven())
    assert.ok((newer?.head.number ?? 0) > end.number)
    kit = await kit.restart()
    await kit.issuer.recover()
    assert.equal(readAuditHead(await headGiven())?.head.number, newer?.head.number)
  })

  it('reported and in the history → no alarm; nothing of it is stored', async () => {
    const auditHead = await headGiven()
    await sweep()
    await host.request({ report: { auditHead } })
    assert.deepEqual(await alarms(), [])
    assert.equal('auditHead' in ((await kit.issuer.showIdentity('web-1')).seen?.report ?? {}), false)
  })

  for (const [name, forge, reason] of [
    ['cut off behind it', (number: number): Forgery => ({ cutAfter: number - 1 }), 'history-shortened'],
    ['another record in its place', (number: number): Forgery => ({ altered: number }), 'history-rewritten'],
  ] as const) {
    it(`reported, and ${name} → the host is served, an alarm stays until it is acknowledged`, async () => {
      const auditHead = await headGiven()
      forgery = forge(readAuditHead(auditHead)?.head.number ?? 0)
      assert.equal((await host.request({ report: { auditHead } })).status, 'scheduled')
      await host.request({ report: { auditHead } })
      kit = await kit.restart()
      assert.deepEqual(await alarms(), ['history-contradicted'])
      forgery = {}
      const told = (await auditOf(kit)).filter(({ action }) => action === 'audit.witness')
      assert.deepEqual(
        told.map((record) => [record.reason, record.identity, record.address]),
        [[reason, 'web-1', '192.0.2.1']],
      )
      await attempted(kit.issuer, 'alarm.acknowledge', undefined, (attempt) =>
        kit.issuer.acknowledgeAlarm('history-contradicted', attempt),
      )
      await host.request({ report: { auditHead } })
      assert.deepEqual(await alarms(), [])
      // What was signed after somebody has looked into it is held against the history as ever.
      await kit.clock.advance(minuteMs)
      await sweep()
      const later = await headGiven()
      forgery = forge(readAuditHead(later)?.head.number ?? 0)
      await host.request({ report: { auditHead: later } })
      assert.deepEqual(await alarms(), ['history-contradicted'])
    })
  }

  it('reported after the alarm of a restore was acknowledged → what was rewritten since is an alarm all the same', async () => {
    const auditHead = await headGiven()
    forgery = { altered: readAuditHead(auditHead)?.head.number ?? 0 }
    const alarm = {
      because: 'store-restored',
      message: 'as after a restore',
      since: '2026-01-15T12:00:00.000Z',
    }
    const note = { do: 'set-note', name: 'alarm.store-restored', text: JSON.stringify(alarm) } as const
    await kit.store.commit([{ at: kit.clock.now(), parts: [note] }])
    await attempted(kit.issuer, 'alarm.acknowledge', undefined, (attempt) =>
      kit.issuer.acknowledgeAlarm('store-restored', attempt),
    )
    await host.request({ report: { auditHead } })
    assert.deepEqual(await alarms(), ['history-contradicted'])
  })

  for (const [name, forge, reason] of [
    ['cut off', (number: number): Forgery => ({ cutAfter: number - 1 }), 'history-shortened'],
    ['rewritten', (number: number): Forgery => ({ altered: number }), 'history-rewritten'],
  ] as const) {
    it(`${name} while the issuer runs → the next sweep tells, before it signs what is there now`, async () => {
      forgery = forge(readAuditHead(await headGiven())?.head.number ?? 0)
      await sweep()
      assert.deepEqual(await alarms(), ['history-contradicted'])
      forgery = {}
      const told = (await auditOf(kit)).filter(({ action }) => action === 'audit.witness')
      assert.deepEqual(
        told.map((record) => record.reason),
        [reason],
      )
    })
  }

  it('shortened while the issuer was stopped → the first sweep after the start tells', async () => {
    const end = readAuditHead(await headGiven())?.head.number ?? 0
    kit = await kit.restart()
    await kit.issuer.recover()
    forgery = { cutAfter: end - 1 }
    await sweep()
    assert.deepEqual(await alarms(), ['history-contradicted'])
  })

  for (const [name, signedByNext] of [
    ['the next intermediate, under which the host has nothing yet', true],
    ['the intermediate before, which the host still has', false],
  ] as const) {
    it(`reported, signed by ${name}, and not in the history → the alarm`, async () => {
      const next = await createIssuerKit()
      const takeOver = async (): Promise<void> => {
        kit = { ...kit, issuer: createIssuer({ ...kit.ports, authority: next.ports.authority }) }
        await kit.issuer.recover()
      }
      try {
        if (signedByNext) await takeOver()
        await host.request()
        await sweep()
        const auditHead = await headGiven()
        const signer = (signedByNext ? next : kit).ports.authority().authority.certificate
        assert.equal(readAuditHead(auditHead)?.signer, signer.fingerprint)
        if (!signedByNext) await takeOver()
        forgery = { altered: readAuditHead(auditHead)?.head.number ?? 0 }
        await host.request({ report: { auditHead } })
        assert.deepEqual(await alarms(), ['history-contradicted'])
      } finally {
        await next.close()
      }
    })
  }

  it('one in the store that the authority did not sign → another is signed at the next sweep', async () => {
    const { number, hash } = await kit.issuer.auditEnd()
    const { certificate } = kit.ports.authority().authority
    const head = { number: number + 1, hash, at: kit.clock.now(), trustDomain: 'test.example' }
    const forged = await signAuditHead(head, {
      certificate,
      signer: keySigner(await generateKeyPair('ec-p256')),
    })
    const part = { do: 'set-note', name: 'audit.head', text: JSON.stringify(forged) } as const
    await kit.store.commit([{ at: kit.clock.now(), parts: [part] }])
    kit = await kit.restart()
    await kit.issuer.recover()
    assert.equal((await kit.issuer.auditEnd()).signedBy, undefined)
    await host.request()
    await sweep()
    const end = await kit.issuer.auditEnd()
    assert.ok(end.signedBy !== undefined && end.signed !== undefined)
    assert.equal(verifyAuditHead(end.signed, certificate)?.number, end.number)
  })

  it('made up by a host → no alarm', async () => {
    const keyPair = await generateKeyPair('ec-p256')
    const { certificate } = kit.ports.authority().authority
    const head = { number: 999, hash: 'ab'.repeat(32), at: kit.clock.now(), trustDomain: 'test.example' }
    const auditHead = await signAuditHead(head, { certificate, signer: keySigner(keyPair) })
    await host.request({ report: { auditHead } })
    assert.deepEqual(await alarms(), [])
  })

  it('pruned after its retention → the rest is still a chain, and an old head is no alarm', async () => {
    await kit.close()
    kit = await createIssuerKit({
      policy: { auditRetentionSeconds: 30 * 86_400, recoveryWindowSeconds: 90 * 86_400 },
    })
    await host.enroll()
    await sweep()
    const auditHead = await headGiven()
    for (const days of [1, 28, 1, 5]) {
      await kit.clock.advance(days * dayMs)
      await host.enroll()
      await sweep()
    }
    const [anchor, ...rest] = await kit.store.auditRecords({ afterNumber: 0, limit: 1_000 })
    assert.equal(anchor?.text, '')
    assert.ok((anchor?.number ?? 0) > (readAuditHead(auditHead)?.head.number ?? 0))
    assert.ok(verifyAuditChain(anchor ?? auditChainOrigin, rest).intact)
    await host.request({ report: { auditHead } })
    assert.deepEqual(await alarms(), [])
  })
})
