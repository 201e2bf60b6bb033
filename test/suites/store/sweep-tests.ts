import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ChangeRefusal } from '../../../packages/issuer-daemon/src/store/change.ts'
import type { IdentityRecord } from '../../../packages/issuer-daemon/src/store/identity-record.ts'
import type { StoreBench } from './store-bench.ts'
import { certificate, day, found, hash, intent, namesOf, serial, stagedKey, start } from './store-records.ts'

const mintAt = start + 5

/** Identities whose staged key a sweep has certified: they are what they would be after any other certificate. */
export function sweepTests(bench: StoreBench): void {
  const identityOf = async (name: string): Promise<IdentityRecord> =>
    found(await bench.store.identity({ name }))

  /** With a head of generation 1, and the key of that number on the stage. */
  async function addStaged(name: string, number: number): Promise<IdentityRecord> {
    const identity = await bench.addIdentity(name)
    const lineage = { number: 1, headGeneration: 1, headSince: start, newestGeneration: 1 }
    const staged = stagedKey(`key ${number}`, mintAt)
    await move({ ...identity, lineagesBegun: 1, lineage, staged })
    return identityOf(name)
  }

  async function move(next: IdentityRecord): Promise<void> {
    assert.equal(await bench.apply({ do: 'move-identity', next }), 'done')
  }

  async function intend(identity: IdentityRecord, number: number, generation: number): Promise<void> {
    const child = { ...intent(identity, number), generation, parentGeneration: 1 }
    assert.equal(await bench.apply({ do: 'intend', intent: child }), 'done')
  }

  const record = ({ version, quota }: IdentityRecord, number: number): Promise<'done' | ChangeRefusal> =>
    bench.apply({
      do: 'record',
      certificate: certificate(number),
      at: start,
      begun: { version, mintAt, quota: { ...quota, count: quota.count + 1 } },
    })

  /** As it is after the sweep. */
  async function sweep(name: string, number: number): Promise<IdentityRecord> {
    const identity = await addStaged(name, number)
    await intend(identity, number, 2)
    assert.equal(await record(identity, number), 'done')
    const { staged: _, ...unstaged } = identity
    return {
      ...unstaged,
      version: identity.version + 1,
      lineage: { ...found(identity.lineage), newestGeneration: 2 },
      newest: { serial: serial(number), generation: 2, notAfter: start + day },
      quota: { ...identity.quota, count: identity.quota.count + 1 },
    }
  }

  describe('a staged key that a sweep has certified', () => {
    it('is found so by name, by id and in pages, is due no more, and stays so over a restart', async () => {
      const swept = await sweep('web-1', 1)
      const waiting = await addStaged('web-2', 2)
      for (const reopen of [false, true]) {
        if (reopen) await bench.reopen()
        assert.deepEqual(await identityOf('web-1'), swept)
        assert.deepEqual(await bench.store.identity({ id: swept.id }), swept)
        assert.deepEqual(await bench.store.identities({ limit: 2 }), [swept, waiting])
        const { staged, overdue } = await bench.store.counts(mintAt + 1)
        assert.deepEqual({ staged, overdue }, { staged: 1, overdue: 1 })
      }
      assert.deepEqual(namesOf(await bench.store.claimDue({ until: mintAt, limit: 2 })), ['web-2'])
    })

    it('decided on before → refused; decided on since → done', async () => {
      const staged = await addStaged('web-1', 1)
      await intend(staged, 1, 2)
      assert.equal(await record(staged, 1), 'done')
      assert.equal(await bench.apply({ do: 'move-identity', next: staged }), 'identity-moved')
      const swept = await identityOf('web-1')
      // The same time once more: what was on the stage before has nothing to do with it.
      const next = { ...swept, staged: stagedKey('key 2', mintAt) }
      await move(next)
      assert.equal(await bench.apply({ do: 'move-identity', next: swept }), 'identity-moved')
      assert.deepEqual(await identityOf('web-1'), { ...next, version: swept.version + 1 })
      assert.equal((await bench.store.claimDue({ until: mintAt, limit: 2 })).length, 1)
      assert.equal((await bench.store.counts(start)).staged, 1)
    })

    it('certified again and again → each is the newest in its turn', async () => {
      const swept = await sweep('web-1', 1)
      for (const number of [2, 3]) {
        await move({ ...(await identityOf('web-1')), staged: stagedKey(`key ${number}`, mintAt) })
        const identity = await identityOf('web-1')
        await intend(identity, number, number + 1)
        assert.equal(await record(identity, number), 'done')
      }
      assert.deepEqual(await identityOf('web-1'), {
        ...swept,
        version: swept.version + 4,
        lineage: { ...found(swept.lineage), newestGeneration: 4 },
        newest: { serial: serial(3), generation: 4, notAfter: start + day },
        quota: { ...swept.quota, count: 3 },
      })
    })

    it('the identity moved, with the same key staged → the decision before is refused, the one after is not', async () => {
      const before = await addStaged('web-1', 1)
      await move({ ...before, seen: { at: start, address: '192.0.2.1' } })
      await intend(before, 1, 2)
      assert.equal(await record(before, 1), 'identity-moved')
      assert.deepEqual((await identityOf('web-1')).staged, before.staged)
      assert.equal(await record(await identityOf('web-1'), 1), 'done')
    })

    it('suspended after the intent → refused, and the key stays on the stage', async () => {
      const before = await addStaged('web-1', 1)
      await intend(before, 1, 2)
      await move({ ...before, suspension: { at: start, because: 'operator', addresses: [] } })
      assert.equal(await record(before, 1), 'identity-suspended')
      assert.equal(await bench.store.certificate({ keyHash: hash('key 1') }), undefined)
      assert.deepEqual((await identityOf('web-1')).staged, before.staged)
    })

    it('another certificate comes behind it → that is the newest, and nothing of the first is lost', async () => {
      const staged = await addStaged('web-1', 1)
      await intend(staged, 2, 3)
      await intend(staged, 1, 2)
      assert.equal(await record(staged, 1), 'done')
      const swept = await identityOf('web-1')
      const other = { do: 'record', certificate: certificate(2), at: start } as const
      assert.equal(await bench.apply(other), 'done')
      assert.deepEqual(await identityOf('web-1'), {
        ...swept,
        version: swept.version + 1,
        newest: { serial: serial(2), generation: 3, notAfter: start + day },
      })
    })

    it('is unfetched until its host has taken it, and stands for the one before it', async () => {
      const staged = await addStaged('web-1', 1)
      const earlier = { ...certificate(2), notAfter: start + day / 2 }
      await intend(staged, 2, 2)
      await bench.apply({ do: 'record', certificate: earlier, at: start })
      const unfetched = async () => (await bench.store.fleet(start)).oldestUnfetched
      assert.equal((await unfetched())?.serial, serial(2))
      const identity = await identityOf('web-1')
      await intend(identity, 1, 3)
      assert.equal(await record(identity, 1), 'done')
      assert.deepEqual(await unfetched(), { identity: 'web-1', serial: serial(1), notAfter: start + day })
      assert.equal((await bench.store.fleet(start + day)).oldestUnfetched, undefined)
      const swept = await identityOf('web-1')
      await move({ ...swept, lineage: { ...found(swept.lineage), headGeneration: 3 } })
      assert.equal(await unfetched(), undefined)
    })

    it('under a tainted intermediate → not on the stage, so nothing is made due', async () => {
      await sweep('web-1', 1)
      await bench.apply({ do: 'taint', fingerprint: certificate(1).chain.fingerprint, at: start })
      const page = { dueAfter: start, afterId: 0, limit: 10 }
      assert.deepEqual((await bench.store.stagedUnderTaint(page)).identities, [])
    })
  })
}
