import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { IdentityRecord } from '../../../packages/issuer-daemon/src/store/identity-record.ts'
import type { StoreBench } from './store-bench.ts'
import { certificate, day, found, hash, intent, names, stagedKey, start } from './store-records.ts'

const tainted = hash('intermediate')
const other = { fingerprint: hash('other'), pem: 'PEM of another\n' }

/** What an intermediate that is tainted may no longer do, and what is still under it. */
export function taintTests(bench: StoreBench): void {
  /** With a certificate, and with a key that is due tomorrow. */
  async function addHolder(number: number, chain = certificate(number).chain): Promise<IdentityRecord> {
    const identity = await bench.addIdentity(`web-${number}`)
    const record = { do: 'record', certificate: { ...certificate(number), chain }, at: start } as const
    assert.equal(await bench.apply({ do: 'intend', intent: intent(identity, number) }), 'done')
    assert.equal(await bench.apply(record), 'done')
    const next = {
      ...found(await bench.store.identity({ id: identity.id })),
      staged: stagedKey(`next ${number}`, start + day),
    }
    assert.equal(await bench.apply({ do: 'move-identity', next }), 'done')
    return next
  }

  const under = (dueAfter: number, afterId = 0, limit = 100) =>
    bench.store.stagedUnderTaint({ dueAfter, afterId, limit })

  describe('taint', () => {
    it('once set → whatever requires that it is not is refused whole, in the same transaction too', async () => {
      const identity = await bench.addIdentity()
      const requires = { do: 'require-untainted', fingerprint: tainted } as const
      assert.equal(await bench.apply(requires), 'done')
      const outcomes = await bench.store.commit([
        { at: start, parts: [{ do: 'taint', fingerprint: tainted, at: start }] },
        { at: start, parts: [requires, { do: 'intend', intent: intent(identity, 1) }] },
        { at: start, parts: [{ do: 'require-untainted', fingerprint: other.fingerprint }] },
      ])
      assert.deepEqual(outcomes, [
        { done: true },
        { done: false, refused: 'authority-tainted' },
        { done: true },
      ])
      assert.equal(await bench.store.issuance(hash('key 1')), undefined)
      await bench.reopen()
      assert.equal(await bench.apply(requires), 'authority-tainted')
    })

    it('set again → the first time stays', async () => {
      await bench.apply({ do: 'taint', fingerprint: tainted, at: start })
      await bench.apply({ do: 'taint', fingerprint: tainted, at: start + day })
      await bench.apply({ do: 'taint', fingerprint: other.fingerprint, at: start + 1 })
      assert.deepEqual(await bench.store.taints(), [
        { fingerprint: tainted, at: start },
        { fingerprint: other.fingerprint, at: start + 1 },
      ])
    })

    it('a change with a taint that is refused → no taint', async () => {
      const refused = { do: 'burn', serial: '40' } as const
      assert.equal(
        await bench.apply({ do: 'taint', fingerprint: tainted, at: start }, refused),
        'intent-gone',
      )
      assert.deepEqual(await bench.store.taints(), [])
    })

    it('stagedUnderTaint: those whose newest certificate is under it and whose key is due later', async () => {
      await addHolder(1)
      await addHolder(2, other)
      const three = await addHolder(3)
      assert.deepEqual(await under(start), { identities: [] })
      await bench.apply({ do: 'taint', fingerprint: tainted, at: start })
      assert.deepEqual(
        (await under(start)).identities.map(({ name }) => name),
        ['web-1', 'web-3'],
      )
      assert.deepEqual((await under(start + day)).identities, [])
      const { staged: _, ...unstaged } = found(await bench.store.identity({ id: three.id }))
      await bench.apply({ do: 'move-identity', next: unstaged })
      assert.deepEqual(
        (await under(start)).identities.map(({ name }) => name),
        ['web-1'],
      )
    })

    it('stagedUnderTaint: in pages of ids → each once, also where a page holds none', async () => {
      for (const number of [1, 2, 3, 4, 5]) await addHolder(number, number === 3 ? other : undefined)
      await bench.apply({ do: 'taint', fingerprint: tainted, at: start })
      const seen: string[] = []
      for (let afterId: number | undefined = 0; afterId !== undefined; ) {
        const page = await under(start, afterId, 1)
        seen.push(...page.identities.map(({ name }) => name))
        afterId = page.nextAfterId
      }
      assert.deepEqual(seen, ['web-1', 'web-2', 'web-4', 'web-5'])
      assert.equal((await names(bench.store)).length, 5)
    })

    it('chains: each with what lives under it', async () => {
      await addHolder(1)
      await addHolder(2)
      await addHolder(3, other)
      const { chain } = certificate(1)
      assert.deepEqual(await bench.store.chains(start), [
        { ...chain, liveLeaves: 2, lastNotAfter: start + day },
        { ...other, liveLeaves: 1, lastNotAfter: start + day },
      ])
      assert.deepEqual(await bench.store.chains(start + day), [
        { ...chain, liveLeaves: 0 },
        { ...other, liveLeaves: 0 },
      ])
    })
  })
}
