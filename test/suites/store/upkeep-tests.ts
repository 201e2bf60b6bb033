import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isMayflyError } from '@mayfly/ca-core'
import { auditChainOrigin, verifyAuditChain } from '../../../packages/issuer-daemon/src/audit/audit-chain.ts'
import type { StoreBench } from './store-bench.ts'
import {
  audit,
  certificate,
  day,
  found,
  hash,
  intent,
  pruneNothing,
  serial,
  stagedKey,
  start,
} from './store-records.ts'

/** What is remembered for a while, counted, chained and pruned. */
export function upkeepTests(bench: StoreBench): void {
  describe('nonces', () => {
    it('seen twice → refused, until it is pruned', async () => {
      const nonce = {
        do: 'remember-nonce',
        nonce: hash('nonce').slice(0, 32),
        expiresAt: start + 1_000,
      } as const
      assert.equal(await bench.apply(nonce), 'done')
      assert.equal(await bench.apply(nonce), 'nonce-seen')
      await bench.store.prune({ ...pruneNothing, noncesBefore: start + 2_000 })
      assert.equal(await bench.apply(nonce), 'done')
    })
  })

  describe('audit', () => {
    it('records are numbered without gaps and chained, also over a restart', async () => {
      await bench.apply(audit('one'), audit('two'))
      await bench.reopen()
      await bench.store.commit([
        { at: start, parts: [audit('three')] },
        { at: start, parts: [audit('refused'), { do: 'burn', serial: serial(1) }] },
        { at: start, parts: [audit('four')] },
      ])
      const records = await bench.store.auditRecords({ afterNumber: 0, limit: 10 })
      assert.deepEqual(
        records.map(({ number }) => number),
        [1, 2, 3, 4],
      )
      assert.ok(verifyAuditChain(auditChainOrigin, records).intact)
      const [last] = await bench.store.auditRecords({ afterNumber: 3, limit: 10 })
      assert.match(last?.text ?? '', /"requestId":"four"/)
      const { number, hash } = await bench.store.auditEnd()
      assert.deepEqual(
        { number, hash: Buffer.from(hash) },
        { number: 4, hash: Buffer.from(last?.hash ?? []) },
      )
    })

    it('without a record → ends at its origin', async () => {
      assert.equal((await bench.store.auditEnd()).number, 0)
    })

    it('pruned → an anchor without text stays, and what follows is chained to it', async () => {
      for (const id of ['one', 'two', 'three', 'four']) await bench.apply(audit(id))
      const before = await bench.store.auditRecords({ afterNumber: 0, limit: 10 })
      assert.equal(await bench.store.prune({ ...pruneNothing, auditThrough: 3, limit: 1 }), 1)
      assert.equal(await bench.store.prune({ ...pruneNothing, auditThrough: 3 }), 1)
      assert.equal(await bench.store.prune({ ...pruneNothing, auditThrough: 3 }), 0)
      await bench.apply(audit('five'))
      const [anchor, ...rest] = await bench.store.auditRecords({ afterNumber: 0, limit: 10 })
      assert.deepEqual([anchor?.number, anchor?.text], [3, ''])
      assert.deepEqual(Buffer.from(anchor?.hash ?? []), Buffer.from(before[2]?.hash ?? []))
      assert.deepEqual(verifyAuditChain(found(anchor), rest).intact, true)
      assert.equal(rest.length, 2)
    })

    it('pruned past its end → the last record is the anchor, and the numbers go on', async () => {
      for (const id of ['one', 'two']) await bench.apply(audit(id))
      await bench.store.prune({ ...pruneNothing, auditThrough: 99 })
      await bench.apply(audit('three'))
      assert.equal((await bench.store.auditEnd()).number, 3)
    })
  })

  describe('notes', () => {
    it('set, set again, forgotten; a refused change sets none', async () => {
      assert.equal(await bench.store.note('alarm'), undefined)
      await bench.apply({ do: 'set-note', name: 'alarm', text: 'first' })
      await bench.apply({ do: 'set-note', name: 'alarm', text: 'second' })
      await bench.apply({ do: 'set-note', name: 'alarm', text: 'third' }, { do: 'burn', serial: serial(1) })
      await bench.reopen()
      assert.equal(await bench.store.note('alarm'), 'second')
      await bench.apply({ do: 'set-note', name: 'alarm' })
      assert.equal(await bench.store.note('alarm'), undefined)
    })
  })

  describe('prune', () => {
    it('old certificates go, their lines in the log and the head of a lineage stay', async () => {
      const identity = await bench.addIdentity()
      for (const number of [1, 2]) {
        const child = { ...intent(identity, number), generation: number, parentGeneration: number - 1 }
        await bench.apply({ do: 'intend', intent: child })
        await bench.apply({ do: 'record', certificate: certificate(number), at: start })
      }
      const moved = found(await bench.store.identity({ name: 'web-1' }))
      const lineage = { ...found(moved.lineage), headGeneration: 2, newestGeneration: 2 }
      await bench.apply({ do: 'move-identity', next: { ...moved, lineage } })

      const expiredBefore = start + day + 1
      assert.equal(await bench.store.prune({ ...pruneNothing, expiredBefore }), 1)
      assert.equal(await bench.store.certificate({ keyHash: hash('key 1') }), undefined)
      assert.equal((await bench.store.issuance(hash('key 1')))?.state, 'recorded')
      assert.ok(await bench.store.certificate({ keyHash: hash('key 2') }))
      assert.equal(
        await bench.apply({ do: 'intend', intent: { ...intent(identity, 3), keyHash: hash('key 1') } }),
        'key-taken',
      )

      assert.equal(
        await bench.store.prune({ ...pruneNothing, expiredBefore, recoverableBefore: expiredBefore }),
        1,
      )
      assert.equal(await bench.store.certificate({ keyHash: hash('key 2') }), undefined)
    })

    it('no more than its limit at once', async () => {
      for (const number of [1, 2, 3]) {
        const nonce = hash(`nonce ${number}`).slice(0, 32)
        await bench.apply({ do: 'remember-nonce', nonce, expiresAt: start })
      }
      const bounds = { ...pruneNothing, noncesBefore: start + 1, limit: 2 }
      assert.equal(await bench.store.prune(bounds), 2)
      assert.equal(await bench.store.prune(bounds), 1)
      assert.equal(await bench.store.prune(bounds), 0)
    })
  })

  it('counts what there is', async () => {
    const identity = await bench.addIdentity()
    await bench.apply({ do: 'move-identity', next: { ...identity, staged: stagedKey('key', start + 5) } })
    await bench.apply({ do: 'intend', intent: intent(identity, 1) })
    await bench.apply({ do: 'record', certificate: certificate(1), at: start })
    await bench.apply({ do: 'intend', intent: intent(identity, 2) })
    await bench.apply({ do: 'burn', serial: serial(2) })
    await bench.apply({
      do: 'add-token',
      token: { jti: 'token-1', identity: 'web-1', createdAt: start, expiresAt: start + 900_000 },
    })
    assert.deepEqual(await bench.store.counts(start + 10), {
      identities: 1,
      suspended: 0,
      staged: 0,
      overdue: 0,
      certificates: 1,
      issued: 1,
      burnt: 1,
      openTokens: 1,
      auditRecords: 0,
      newestInstant: start,
    })
  })

  it('unshared and open elsewhere → already-running', async () => {
    if (bench.store.shared) return
    await assert.rejects(bench.engine.open(), (error) => isMayflyError(error, 'already-running'))
  })
}
