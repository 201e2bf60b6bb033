import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hourMs, type Instant } from '@mayfly/ca-core'
import {
  type AuditLink,
  auditChainOrigin,
  type ChainedAuditRecord,
  verifyAuditChain,
} from '../../../packages/issuer-daemon/src/audit/audit-chain.ts'
import { auditSegmentRecordsMax } from '../../../packages/issuer-daemon/src/audit/audit-segment.ts'
import type { ChangePart } from '../../../packages/issuer-daemon/src/store/change.ts'
import type { StoreBench } from './store-bench.ts'
import { audit, day, found, pruneNothing, serial, start } from './store-records.ts'

/** One history, of which the old part is packed and the oldest pruned. */
export function auditTests(bench: StoreBench): void {
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

    it('old → packed, and read as before', async () => {
      await append(bench, 'early', auditSegmentRecordsMax + 10)
      const before = await all(bench)
      assert.equal(await bench.store.packAudit(start + hourMs - 1), 0)
      assert.equal(await bench.store.packAudit(start + hourMs), auditSegmentRecordsMax)
      assert.equal(await bench.store.packAudit(start + hourMs), 0, 'ten are too few to be packed so soon')
      await append(bench, 'late', 2)
      await bench.reopen()
      const after = await all(bench)
      assert.deepEqual(plain(after.slice(0, before.length)), plain(before))
      assert.equal(after.length, before.length + 2)
      assert.ok(verifyAuditChain(auditChainOrigin, after).intact)
      assert.deepEqual(
        plain([await bench.store.auditEnd()]),
        plain(after.slice(-1).map(({ text: _, ...end }) => end)),
      )
    })

    it('packed → each page is the same as before, wherever it begins', async () => {
      await append(bench, 'record', auditSegmentRecordsMax + 4)
      const before = plain(await all(bench))
      await bench.store.packAudit(start + day)
      await bench.store.packAudit(start + day)
      for (const afterNumber of [
        0,
        1,
        auditSegmentRecordsMax - 1,
        auditSegmentRecordsMax,
        before.length - 1,
      ]) {
        const page = await bench.store.auditRecords({ afterNumber, limit: 3 })
        assert.deepEqual(plain(page), before.slice(afterNumber, afterNumber + 3))
        for (let times = 0; times < 2; times++) {
          const one = await bench.store.auditRecords({ afterNumber, limit: 1 })
          assert.deepEqual(plain(one), before.slice(afterNumber, afterNumber + 1))
        }
      }
      assert.deepEqual(await bench.store.auditRecords({ afterNumber: before.length, limit: 3 }), [])
    })

    it('few, but a day old → packed too', async () => {
      await append(bench, 'few', 3)
      assert.equal(await bench.store.packAudit(start + day - 1), 0)
      assert.equal(await bench.store.packAudit(start + day), 3)
      assert.equal((await bench.store.auditEnd()).number, 3)
      await append(bench, 'next', 1)
      assert.ok(verifyAuditChain(auditChainOrigin, await all(bench)).intact)
    })

    it('pruned → an anchor without text stays, and what follows is chained to it', async () => {
      for (const segment of ['one', 'two', 'three']) {
        await append(bench, segment, 2)
        assert.equal(await bench.store.packAudit(start + day), 2)
      }
      const before = await all(bench)
      const bounds = { ...pruneNothing, auditBefore: start + 1 }
      assert.equal(await bench.store.prune({ ...pruneNothing, auditBefore: start }), 0)
      assert.equal(await bench.store.prune({ ...bounds, limit: 1 }), 1)
      assert.equal(await bench.store.prune({ ...bounds, limit: 1 }), 1)
      await append(bench, 'four', 1)
      const [anchor, ...rest] = await all(bench)
      assert.deepEqual([anchor?.number, anchor?.text], [4, ''])
      assert.deepEqual(await bench.store.auditRecords({ afterNumber: 0, limit: 1 }), [anchor])
      assert.deepEqual(Buffer.from(anchor?.hash ?? []), Buffer.from(before[3]?.hash ?? []))
      assert.equal(rest.length, 3)
      assert.ok(verifyAuditChain(found(anchor), rest).intact)
    })

    it('pruned → a part that ended since the bound stays, with its records', async () => {
      await append(bench, 'old', 2)
      await bench.store.packAudit(start + day)
      await append(bench, 'new', 2, start + day)
      assert.equal(await bench.store.packAudit(start + 2 * day), 2)
      assert.equal(await bench.store.prune({ ...pruneNothing, auditBefore: start + day }), 1)
      const [anchor, ...rest] = await all(bench)
      assert.equal(anchor?.text, '')
      assert.deepEqual(
        rest.map(({ text }) => JSON.parse(text).requestId),
        ['new-0', 'new-1'],
      )
    })

    it('all of it pruned → the anchor is the end, and the numbers go on', async () => {
      await append(bench, 'record', 2)
      await bench.store.packAudit(start + day)
      await bench.store.prune({ ...pruneNothing, auditBefore: start + 1 })
      await append(bench, 'next', 1)
      assert.equal((await bench.store.auditEnd()).number, 3)
      await bench.store.packAudit(start + day)
      const [anchor, ...rest] = await all(bench)
      assert.equal(anchor?.number, 2)
      assert.ok(verifyAuditChain(found(anchor), rest).intact)
      assert.equal(rest.length, 1)
    })
  })
}

async function append(
  { store }: StoreBench,
  name: string,
  count: number,
  at: Instant = start,
): Promise<void> {
  const parts = Array.from({ length: count }, (_, index): ChangePart => {
    const part = audit(`${name}-${index}`)
    assert.ok(part.do === 'append-audit')
    return { ...part, record: { ...part.record, at } }
  })
  await store.commit([{ at: start, parts }])
}

async function all({ store }: StoreBench): Promise<readonly ChainedAuditRecord[]> {
  return store.auditRecords({ afterNumber: 0, limit: 10_000 })
}

/** Comparable: engines give bytes of different kinds. */
function plain<Link extends AuditLink>(links: readonly Link[]) {
  return links.map((link) => ({ ...link, hash: Buffer.from(link.hash).toString('hex') }))
}
