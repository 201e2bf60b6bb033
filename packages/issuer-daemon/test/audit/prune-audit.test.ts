import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatInstant } from '@mayfly/ca-core'
import { lastRecordBefore } from '../../src/audit/prune-audit.ts'
import type { Store } from '../../src/store/store.ts'

const start = Date.UTC(2026, 0, 15)

/** Records at these times, the first with this number. */
function storeWith(times: readonly (number | 'anchor')[], first = 1): Store {
  const records = times.map((time, index) => ({
    number: first + index,
    hash: new Uint8Array(32),
    text: time === 'anchor' ? '' : JSON.stringify({ at: formatInstant(time) }),
  }))
  return {
    auditRecords: async ({ afterNumber, limit }) =>
      records.filter(({ number }) => number > afterNumber).slice(0, limit),
    auditEnd: async () => records.at(-1) ?? { number: 0, hash: new Uint8Array(32) },
  } as Partial<Store> as Store
}

describe('last audit record before a time', () => {
  const times = [0, 1, 2, 3, 4, 5, 6].map((hour) => start + hour)
  for (const count of [0, 1, 2, 3, 6, 7]) {
    it(`${count} of 7 are older → the number of the last of them`, async () => {
      assert.equal(await lastRecordBefore(start + count, storeWith(times)), count)
      assert.equal(await lastRecordBefore(start + count, storeWith(['anchor', ...times], 40)), 40 + count)
    })
  }
  it('no record → 0', async () => {
    assert.equal(await lastRecordBefore(start, storeWith([])), 0)
  })
})
