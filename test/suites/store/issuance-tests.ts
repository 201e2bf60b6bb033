import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ChangePart } from '../../../packages/issuer-daemon/src/store/change.ts'
import type { StoreBench } from './store-bench.ts'
import { audit, certificate, day, found, hash, intent, serial, stagedKey, start } from './store-records.ts'

/** One serial, one key, one certificate; nothing recorded without its intent. */
export function issuanceTests(bench: StoreBench): void {
  describe('issuance', () => {
    it('a serial is used once, burnt or not', async () => {
      const identity = await bench.addIdentity()
      await bench.apply({ do: 'intend', intent: intent(identity, 1) })
      const same = { ...intent(identity, 2), serial: serial(1) }
      assert.equal(await bench.apply({ do: 'intend', intent: same }), 'serial-taken')
      await bench.apply({ do: 'burn', serial: serial(1) })
      assert.equal(await bench.apply({ do: 'intend', intent: same }), 'serial-taken')
    })

    it('a key has one certificate; after its intent was burnt it may have another', async () => {
      const identity = await bench.addIdentity()
      await bench.apply({ do: 'intend', intent: intent(identity, 1) })
      const again = { ...intent(identity, 2), keyHash: hash('key 1') }
      assert.equal(await bench.apply({ do: 'intend', intent: again }), 'key-taken')
      assert.equal(await bench.apply({ do: 'burn', serial: serial(1) }), 'done')
      assert.equal(await bench.store.issuance(hash('key 1')), undefined)
      assert.equal(await bench.apply({ do: 'intend', intent: again }), 'done')
      assert.equal((await bench.store.issuance(hash('key 1')))?.serial, serial(2))
      const third = { ...intent(identity, 3), keyHash: hash('key 1') }
      const exchange: ChangePart[] = [
        { do: 'burn', serial: serial(2) },
        { do: 'intend', intent: third },
      ]
      assert.equal(await bench.apply(...exchange), 'done', 'in one transaction too')
      assert.equal((await bench.store.issuance(hash('key 1')))?.serial, serial(3))
    })

    it('record: the certificate is found by key and serial, and is the newest of its identity', async () => {
      const identity = await bench.addIdentity()
      await bench.apply({ do: 'intend', intent: intent(identity, 1) })
      assert.equal(await bench.store.certificate({ keyHash: hash('key 1') }), undefined)
      assert.equal(await bench.apply({ do: 'record', certificate: certificate(1), at: start }), 'done')

      const record = found(await bench.store.certificate({ keyHash: hash('key 1') }))
      assert.deepEqual(record, {
        ...certificate(1),
        issuance: { ...intent(identity, 1), state: 'recorded' },
      })
      assert.deepEqual(await bench.store.certificate({ serial: serial(1) }), record)
      const { newest, lineage, version } = found(await bench.store.identity({ name: 'web-1' }))
      assert.deepEqual(newest, { serial: serial(1), generation: 1, notAfter: start + day })
      assert.deepEqual(lineage, { number: 1, headGeneration: 1, headSince: start, newestGeneration: 1 })
      assert.ok(version > identity.version)
    })

    it('record: without a pending intent → refused', async () => {
      const identity = await bench.addIdentity()
      const record = { do: 'record', certificate: certificate(1), at: start } as const
      assert.equal(await bench.apply(record), 'intent-gone')
      await bench.apply({ do: 'intend', intent: intent(identity, 1) })
      await bench.apply({ do: 'burn', serial: serial(1) })
      assert.equal(await bench.apply(record), 'intent-gone')
      assert.equal(await bench.apply({ do: 'burn', serial: serial(1) }), 'intent-gone')
    })

    it('record: the identity was suspended after the intent → refused, nothing is kept, and the intent can be burnt', async () => {
      const identity = await bench.addIdentity()
      await bench.apply({ do: 'intend', intent: intent(identity, 1) })
      const suspension = { at: start, because: 'operator', addresses: [] } as const
      await bench.apply({ do: 'move-identity', next: { ...identity, suspension } })
      const record = { do: 'record', certificate: certificate(1), at: start } as const
      assert.equal(await bench.apply(record), 'identity-suspended')
      assert.equal(await bench.store.certificate({ keyHash: hash('key 1') }), undefined)
      const after = found(await bench.store.identity({ name: 'web-1' }))
      assert.deepEqual([after.newest, after.lineage], [undefined, undefined])
      assert.equal(await bench.apply({ do: 'burn', serial: serial(1) }), 'done')
    })

    for (const [staged, isLeft] of [
      ['key 2', false],
      ['key 3', true],
    ] as const) {
      it(`record: ${staged} is staged, key 2 is certified → it ${isLeft ? 'stays' : 'goes'}`, async () => {
        const identity = await bench.addIdentity()
        await bench.apply({ do: 'intend', intent: intent(identity, 1) })
        await bench.apply({ do: 'record', certificate: certificate(1), at: start })
        const enrolled = found(await bench.store.identity({ name: 'web-1' }))
        await bench.apply({ do: 'move-identity', next: { ...enrolled, staged: stagedKey(staged, start) } })
        await bench.apply({
          do: 'intend',
          intent: { ...intent(identity, 2), generation: 2, parentGeneration: 1 },
        })
        await bench.apply({ do: 'record', certificate: certificate(2), at: start })
        const after = found(await bench.store.identity({ name: 'web-1' }))
        assert.equal(after.staged !== undefined, isLeft)
        assert.equal(after.newest?.generation, 2)
        assert.equal(after.lineage?.headGeneration, 1)
      })
    }

    it('record: the first certificate of an older lineage → the one that began since stays', async () => {
      const identity = await bench.addIdentity()
      await bench.apply({ do: 'intend', intent: intent(identity, 1) })
      const lineage = { number: 2, headGeneration: 7, headSince: start, newestGeneration: 7 }
      await bench.apply({ do: 'move-identity', next: { ...identity, lineage, lineagesBegun: 2 } })
      assert.equal(await bench.apply({ do: 'record', certificate: certificate(1), at: start + 1 }), 'done')
      assert.deepEqual(found(await bench.store.identity({ name: 'web-1' })).lineage, lineage)
    })

    it('record with a begun generation: that and the quota move too, unless the identity moved', async () => {
      const identity = await bench.addIdentity()
      const lineage = { number: 1, headGeneration: 4, headSince: start, newestGeneration: 5 }
      const held = { ...identity, lineage, lineagesBegun: 1, staged: stagedKey('key 1', start) }
      assert.equal(await bench.apply({ do: 'move-identity', next: held }), 'done')
      const place = { generation: 6, parentGeneration: 4 }
      assert.equal(await bench.apply({ do: 'intend', intent: { ...intent(identity, 1), ...place } }), 'done')
      const record = (version: number) => ({
        do: 'record' as const,
        certificate: certificate(1),
        at: start,
        begun: { version, newestGeneration: 6, quota: { day: 20_000, count: 3 } },
      })
      assert.equal(await bench.apply(record(1)), 'identity-moved')
      assert.deepEqual(await bench.store.identity({ name: 'web-1' }), { ...held, version: 2 })
      assert.equal(await bench.store.certificate({ keyHash: hash('key 1') }), undefined)
      assert.equal(await bench.apply(record(2)), 'done')
      const { staged: _, ...unstaged } = held
      assert.deepEqual(await bench.store.identity({ name: 'web-1' }), {
        ...unstaged,
        version: 3,
        lineage: { ...lineage, newestGeneration: 6 },
        newest: { serial: serial(1), generation: 6, notAfter: start + day },
        quota: { day: 20_000, count: 3 },
      })
    })

    it('pendingIntents: only those from before, oldest first', async () => {
      const identity = await bench.addIdentity()
      for (const number of [3, 1, 2]) {
        await bench.apply({
          do: 'intend',
          intent: { ...intent(identity, number), intendedAt: start + number },
        })
      }
      const pending = await bench.store.pendingIntents({ intendedBefore: start + 3, limit: 10 })
      assert.deepEqual(
        pending.map(({ serial }) => serial),
        [serial(1), serial(2)],
      )
    })

    it('the clock is far behind what the store has seen → no intent, until it is accepted', async () => {
      const identity = await bench.addIdentity()
      const commitAt = async (at: number, ...parts: ChangePart[]) =>
        (await bench.store.commit([{ at, parts }]))[0]
      await commitAt(start + 600_000, audit('later'))
      // What is refused or told at an earlier time is recorded, and takes nothing back.
      await commitAt(start, audit('earlier'))
      const halfAccepted = await commitAt(start, { do: 'accept-clock' }, { do: 'burn', serial: serial(9) })
      assert.deepEqual(halfAccepted, { done: false, refused: 'intent-gone' })
      const behind = { do: 'intend', intent: intent(identity, 1) } as const
      assert.deepEqual(await commitAt(start + 299_000, behind), { done: false, refused: 'clock-behind' })
      await bench.reopen()
      assert.deepEqual(await commitAt(start + 299_000, behind), { done: false, refused: 'clock-behind' })
      assert.deepEqual(await commitAt(start + 300_000, behind), { done: true })
      assert.deepEqual(await commitAt(start, { do: 'accept-clock' }), { done: true })
      const other = { do: 'intend', intent: intent(identity, 2) } as const
      assert.deepEqual(await commitAt(start, other), { done: true })
    })
  })
}
