import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isMayflyError } from '@mayfly/ca-core'
import type { StoreBench } from './store-bench.ts'
import {
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

/** What is remembered for a while, counted and pruned. */
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
