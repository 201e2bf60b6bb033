import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dayMs } from '@mayfly/ca-core'
import { compareHead } from '../../src/audit/compare-head.ts'

const now = Date.UTC(2026, 0, 15, 12)
const hash = Buffer.alloc(32, 1)
const head = { number: 7, hash: hash.toString('hex') }
/** Signed so long ago that its record may have been pruned: 30 days, and one more in which it was signed. */
const prunable = now - 29 * dayMs

for (const [what, at, found, comparison] of [
  ['the record is there', now, { number: 7, hash }, { holds: true }],
  ['it was there for ever', 0, { number: 7, hash }, { holds: true }],
  [
    'another is in its place',
    now,
    { number: 7, hash: Buffer.alloc(32) },
    { holds: false, because: 'rewritten' },
  ],
  [
    'another is in its place, and it is old',
    0,
    { number: 7, hash: Buffer.alloc(32) },
    { holds: false, because: 'rewritten' },
  ],
  ['nothing is there, nor behind it', 0, undefined, { holds: false, because: 'shortened' }],
  [
    'only later ones are there, and it may have been pruned',
    prunable - 1,
    { number: 8, hash },
    { holds: 'unknown' },
  ],
  [
    'only later ones are there, and it is too young for that',
    prunable,
    { number: 8, hash },
    { holds: false, because: 'shortened' },
  ],
] as const) {
  test(`end of the history that was signed: ${what} → ${JSON.stringify(comparison)}`, () => {
    assert.deepEqual(compareHead({ ...head, at }, { ...(found && { found }) }, now), comparison)
  })
}
