import assert from 'node:assert/strict'
import { test } from 'node:test'
import { carryOver } from '../../src/backup/carry-over.ts'
import type { IdentityRecord, LineagePosition, Suspension } from '../../src/store/identity-record.ts'

const lineage: LineagePosition = { number: 1, headGeneration: 3, headSince: 0, newestGeneration: 4 }
const asked = { keyHash: 'ab', replaces: [], at: 1 }
const inBackup: IdentityRecord = {
  ...{ id: 1, version: 7, name: 'web-1', profile: 'server', names: ['dns:web-1.example'], createdAt: 0 },
  ...{ lineagesBegun: 1, lineage, quota: { day: 0, count: 0 } },
}
const { lineage: _, ...withoutLineage } = inBackup
const byOperator: Suspension = { at: 1, because: 'operator', addresses: [] }
const byConflict: Suspension = { at: 2, because: 'lineage-conflict', addresses: ['a', 'b'] }
const silent = { suspended: false, lineageEnded: false, changed: false }

for (const [what, backup, replaced, carried] of [
  ['the store that is replaced has not', inBackup, undefined, silent],
  ['nothing has happened to', inBackup, inBackup, silent],
  [
    'has the same head still, which has asked since',
    inBackup,
    { ...inBackup, lineage: { ...lineage, newestGeneration: 5, asked } },
    silent,
  ],
  [
    'has no lineage any more',
    inBackup,
    { ...withoutLineage, lineagesBegun: 2 },
    { ...silent, next: { ...withoutLineage, lineagesBegun: 2 }, lineageEnded: true },
  ],
  [
    'was in conflict, and suspended by hand before',
    { ...inBackup, suspension: byOperator },
    { ...inBackup, suspension: byConflict },
    { ...silent, next: { ...inBackup, suspension: byConflict }, suspended: true },
  ],
  [
    'is suspended as it was in the backup',
    { ...inBackup, suspension: byOperator },
    { ...inBackup, suspension: { ...byOperator, at: 9 } },
    silent,
  ],
  [
    'was resumed since',
    { ...inBackup, suspension: byConflict },
    inBackup,
    // It stays suspended: that is what the backup says, and the safe side.
    silent,
  ],
] as const) {
  test(`restore: an identity that ${what} → ${JSON.stringify({ ...carried, next: undefined })}`, () => {
    assert.deepEqual(carryOver(backup, replaced), carried)
  })
}
