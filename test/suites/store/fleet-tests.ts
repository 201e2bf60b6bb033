import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { IdentityRecord } from '../../../packages/issuer-daemon/src/store/identity-record.ts'
import type { StoreBench } from './store-bench.ts'
import { certificate, day, found, intent, report, serial, start } from './store-records.ts'

/** What is known of all hosts together: counted where it changes, found by index. */
export function fleetTests(bench: StoreBench): void {
  const told = async (name: string, version: string, bundleSequence: number): Promise<void> => {
    const identity = found(await bench.store.identity({ name }))
    const seen = { at: start, address: '192.0.2.1', report: { ...report, version, bundleSequence } }
    assert.equal(await bench.apply({ do: 'move-identity', next: { ...identity, seen } }), 'done')
  }
  const change = async (name: string, with_: Partial<IdentityRecord>): Promise<void> => {
    const identity = found(await bench.store.identity({ name }))
    assert.equal(await bench.apply({ do: 'move-identity', next: { ...identity, ...with_ } }), 'done')
  }

  describe('fleet', () => {
    it('agents by what they told last, each counted once, also over a restart', async () => {
      for (const name of ['a', 'b', 'c', 'silent']) await bench.addIdentity(name)
      assert.deepEqual((await bench.store.fleet(start)).agents, [])
      for (const name of ['a', 'b', 'c']) await told(name, '1.0.0', 1)
      await told('a', '1.0.0', 1)
      await told('b', '1.0.0', 2)
      await told('c', '1.1.0', 2)
      await told('c', '1.0.0', 2)
      await bench.reopen()
      assert.deepEqual((await bench.store.fleet(start)).agents, [
        { version: '1.0.0', bundleSequence: 2, agents: 2 },
        { version: '1.0.0', bundleSequence: 1, agents: 1 },
      ])
    })

    it('a refused change → counts nobody', async () => {
      const identity = await bench.addIdentity()
      const seen = { at: start, address: '192.0.2.1', report }
      const next = { ...identity, seen }
      assert.equal(
        await bench.apply({ do: 'move-identity', next }, { do: 'burn', serial: serial(1) }),
        'intent-gone',
      )
      assert.deepEqual((await bench.store.fleet(start)).agents, [])
    })

    it('a certificate above the head → unfetched, until the head takes it, it ends, or is suspended', async () => {
      for (const [name, number, notAfter] of [
        ['late', 1, start + day],
        ['early', 2, start + day / 2],
      ] as const) {
        const identity = await bench.addIdentity(name)
        await change(name, {
          lineagesBegun: 1,
          lineage: { number: 1, headGeneration: 1, headSince: start, newestGeneration: 2 },
        })
        const child = { ...intent(identity, number), generation: 2, parentGeneration: 1, notAfter }
        await bench.apply({ do: 'intend', intent: child })
        await bench.apply({ do: 'record', certificate: { ...certificate(number), notAfter }, at: start })
      }
      const unfetched = async (now: number) => (await bench.store.fleet(now)).oldestUnfetched
      assert.deepEqual(await unfetched(start), {
        identity: 'early',
        serial: serial(2),
        notAfter: start + day / 2,
      })
      assert.equal((await unfetched(start + day / 2))?.identity, 'late')
      await change('early', {
        suspension: { at: start, because: 'operator', addresses: [] },
      })
      assert.equal((await unfetched(start))?.identity, 'late')
      await change('late', {
        lineage: { number: 1, headGeneration: 2, headSince: start, newestGeneration: 2 },
      })
      assert.equal(await unfetched(start), undefined)
    })
  })

  it('takes room on its disk', async () => {
    assert.ok((await bench.store.sizeBytes()) > 10_000)
    assert.ok((await bench.store.logBytes()) <= (await bench.store.sizeBytes()))
  })
}
