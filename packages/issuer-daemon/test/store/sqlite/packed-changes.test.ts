import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  audit,
  certificate,
  intent,
  newIdentity,
  report,
  stagedKey,
  start,
} from '../../../../../test/suites/store/store-records.ts'
import type { Change } from '../../../src/store/change.ts'
import type { IdentityRecord } from '../../../src/store/identity-record.ts'
import { packChanges, unpackChanges } from '../../../src/store/sqlite/packed-changes.ts'

const identity: IdentityRecord = {
  ...newIdentity('web-1'),
  names: ['dns:web-1.example', 'line\n\u2028"end'],
  id: 7,
  version: 3,
  lineagesBegun: 1,
  quota: { day: 20_000, count: 1 },
  seen: { at: start, address: '192.0.2.1', report },
}
const other = { fingerprint: 'ab'.repeat(32), pem: 'another PEM\n' }
const begun = { version: 3, newestGeneration: 2, quota: { day: 20_000, count: 2 } }

const changes: Change[] = [
  { at: start, parts: [{ do: 'intend', intent: intent(identity, 1) }, audit('one')] },
  { at: start + 0.5, parts: [{ do: 'record', certificate: certificate(1), at: start, begun }] },
  { at: start, parts: [{ do: 'record', certificate: { ...certificate(2), chain: other }, at: start }] },
  { at: start, parts: [{ do: 'record', certificate: certificate(3), at: start }] },
  { at: start, parts: [] },
  { at: start, parts: [{ do: 'move-identity', next: identity }] },
  {
    at: start,
    parts: [{ do: 'move-identity', next: { ...identity, staged: stagedKey('key', start) } }],
  },
]

describe('changes packed for another thread', () => {
  it('any → the same again, as often as they are gone through', () => {
    const packed = structuredClone(packChanges(changes))
    const unpacked = unpackChanges(packed)
    assert.equal(packed.count, changes.length)
    assert.deepEqual([...unpacked].map(plain), changes.map(plain))
    assert.deepEqual([...unpacked].map(plain), changes.map(plain))
  })

  it('the same intermediate for many → packed once', () => {
    const { chains } = packChanges(changes)
    assert.deepEqual(chains, [certificate(1).chain, other])
  })

  it('none → none', () => {
    assert.deepEqual([...unpackChanges(packChanges([]))], [])
  })
})

/** Bytes of either class are the same bytes. */
function plain(change: Change): unknown {
  return JSON.parse(
    JSON.stringify(change, (_, value: unknown) =>
      value instanceof Uint8Array || (value as { type?: string } | null)?.type === 'Buffer'
        ? Buffer.from(value as Uint8Array).toString('hex')
        : value,
    ),
  )
}
