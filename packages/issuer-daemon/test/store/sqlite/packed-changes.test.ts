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
import { packChanges, unpackChanges } from '../../../src/store/sqlite/writing/packed-changes.ts'
import { type RowChange, toRowChange } from '../../../src/store/sqlite/writing/row-change.ts'

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

const untainted = { do: 'require-untainted', fingerprint: certificate(1).chain.fingerprint } as const

const changes: Change[] = [
  { at: start, parts: [{ do: 'intend', intent: intent(identity, 1) }, audit('one')] },
  { at: start + 0.5, parts: [{ do: 'record', certificate: certificate(1), at: start, begun }] },
  { at: start, parts: [{ do: 'record', certificate: { ...certificate(2), chain: other }, at: start }] },
  { at: start, parts: [{ do: 'record', certificate: certificate(3), at: start }] },
  { at: start, parts: [] },
  { at: start, parts: [{ do: 'require-untainted', fingerprint: other.fingerprint }, audit('two\u2028é')] },
  { at: start, parts: [untainted, untainted] },
  { at: start, parts: [{ do: 'move-identity', next: identity }] },
  {
    at: start,
    parts: [{ do: 'move-identity', next: { ...identity, staged: stagedKey('key', start) } }],
  },
]

describe('changes packed for another thread', () => {
  it('any → what the event loop itself would write, as often as they are gone through', () => {
    const packed = structuredClone(packChanges(changes))
    const unpacked = unpackChanges(packed)
    const expected = changes.map(toRowChange).map(plain)
    assert.deepEqual([...unpacked].map(plain), expected)
    assert.deepEqual([...unpacked].map(plain), expected)
  })

  it('the same intermediate for many → packed once', () => {
    const { chains, fingerprints } = packChanges(changes)
    assert.deepEqual(chains, [certificate(1).chain, other])
    assert.deepEqual(fingerprints, [other.fingerprint, certificate(1).chain.fingerprint])
  })

  it('many, and large ones → there is room for all, and they can be given to another thread as they are', () => {
    const many = Array.from({ length: 100 }, () => changes).flat()
    const large = {
      at: start,
      parts: [{ do: 'set-note', name: 'large', text: 'é'.repeat(100_000) }],
    } as const
    const packed = packChanges([...many, large])
    const given = structuredClone(packed, { transfer: [packed.bytes.buffer] })
    const expected = [...many, large].map(toRowChange).map(plain)
    assert.deepEqual([...unpackChanges(given)].map(plain), expected)
  })

  it('none → none', () => {
    assert.deepEqual([...unpackChanges(packChanges([]))], [])
  })
})

/** Bytes of either class are the same bytes. */
function plain(change: RowChange): unknown {
  return JSON.parse(
    JSON.stringify(change, (_, value: unknown) =>
      value instanceof Uint8Array || (value as { type?: string } | null)?.type === 'Buffer'
        ? Buffer.from(value as Uint8Array).toString('hex')
        : value,
    ),
  )
}
