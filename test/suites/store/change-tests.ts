import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ChangePart } from '../../../packages/issuer-daemon/src/store/change.ts'
import type { StoreBench } from './store-bench.ts'
import {
  audit,
  certificate,
  found,
  intent,
  names,
  newIdentity,
  requestIds,
  serial,
  start,
} from './store-records.ts'

/** Changes are whole, in order and durable. */
export function changeTests(bench: StoreBench): void {
  describe('changes', () => {
    it('one part is refused → nothing of its change is done, and the others are', async () => {
      await bench.addIdentity()
      const outcomes = await bench.store.commit([
        { at: start, parts: [audit('kept'), { do: 'add-identity', identity: newIdentity('web-2') }] },
        {
          at: start,
          parts: [
            audit('lost'),
            { do: 'add-identity', identity: newIdentity('web-3') },
            { do: 'add-identity', identity: newIdentity('web-1') },
          ],
        },
        { at: start, parts: [{ do: 'add-identity', identity: newIdentity('web-4') }] },
      ])
      assert.deepEqual(outcomes, [{ done: true }, { done: false, refused: 'identity-taken' }, { done: true }])
      assert.deepEqual(await names(bench.store), ['web-1', 'web-2', 'web-4'])
      assert.deepEqual(await requestIds(bench.store), ['kept'])
    })

    it('the first certificate under a new intermediate is refused → the next one still brings the intermediate', async () => {
      const identity = await bench.addIdentity()
      await bench.apply({ do: 'intend', intent: intent(identity, 1) })
      await bench.apply({ do: 'intend', intent: intent(identity, 2) })
      const record = (number: number): ChangePart => ({
        do: 'record',
        certificate: certificate(number),
        at: start,
      })
      const outcomes = await bench.store.commit([
        { at: start, parts: [record(1), { do: 'burn', serial: serial(9) }] },
        { at: start, parts: [record(2)] },
      ])
      assert.deepEqual(outcomes, [{ done: false, refused: 'intent-gone' }, { done: true }])
      const { chain } = found(await bench.store.certificate({ serial: serial(2) }))
      assert.deepEqual(chain, certificate(2).chain)
    })

    it('more at once than fit into one transaction → all are done, in order', async () => {
      const changes = Array.from({ length: 1_500 }, (_, index) => ({
        at: start,
        parts: [audit(`request-${index}`)],
      }))
      const outcomes = await bench.store.commit(changes)
      assert.equal(outcomes.filter(({ done }) => done).length, 1_500)
      assert.deepEqual(
        await requestIds(bench.store),
        changes.map((_, index) => `request-${index}`),
      )
    })

    it('many callers at once → each gets its own outcome', async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 40 }, (_, index) =>
          bench.apply({ do: 'add-identity', identity: newIdentity(`web-${index % 20}`) }),
        ),
      )
      assert.deepEqual(outcomes.slice(0, 20), Array(20).fill('done'))
      assert.deepEqual(outcomes.slice(20), Array(20).fill('identity-taken'))
    })

    it('closed and opened again → everything is there', async () => {
      const identity = await bench.addIdentity()
      await bench.apply({ do: 'intend', intent: intent(identity, 1) }, audit('first'))
      await bench.reopen()
      assert.deepEqual(await bench.store.identity({ name: 'web-1' }), identity)
      assert.equal((await bench.store.pendingIntents({ intendedBefore: start + 1, limit: 10 })).length, 1)
      assert.deepEqual(await requestIds(bench.store), ['first'])
    })
  })
}
