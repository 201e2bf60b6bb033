import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { dayMs, hourMs, isMayflyError } from '@mayfly/ca-core'
import {
  auditChainOrigin,
  type ChainedAuditRecord,
  chainAudit,
  verifyAuditChain,
} from '../../src/audit/audit-chain.ts'
import type { AuditRecord } from '../../src/audit/audit-record.ts'
import {
  auditSegmentRecordsMax,
  isSegmentReady,
  planSegment,
  readSegment,
} from '../../src/audit/audit-segment.ts'

const start = Date.UTC(2026, 0, 15, 12)

function records(count: number, stepMs = 0): ChainedAuditRecord[] {
  const facts = Array.from(
    { length: count },
    (_, index): AuditRecord => ({
      at: start + index * stepMs,
      requestId: `request-${index}`,
      action: 'test',
      actor: { kind: 'issuer' },
      outcome: 'done',
    }),
  )
  return chainAudit(auditChainOrigin, facts)
}

function packedCount(of: readonly ChainedAuditRecord[], now: number): number {
  return planSegment(auditChainOrigin, of, now)?.number ?? 0
}

describe('what of the audit is packed', () => {
  const full = records(auditSegmentRecordsMax)
  for (const [what, of, now, count] of [
    ['nothing there', [], start + dayMs, 0],
    ['a segment full, not an hour old', full, start + hourMs - 1, 0],
    ['a segment full, an hour old', full, start + hourMs, auditSegmentRecordsMax],
    ['few, younger than a day', records(5), start + dayMs - 1, 0],
    ['few, a day old', records(5), start + dayMs, 5],
    ['the first a day old, the last two just made', records(5, 6 * hourMs), start + dayMs, 4],
  ] as const) {
    it(`${what} → ${count}`, () => {
      assert.equal(packedCount(of, now), count)
      const ends = { first: of[0]?.text ?? '', full: of[auditSegmentRecordsMax - 1]?.text }
      assert.equal(isSegmentReady(ends, now), count > 0)
    })
  }

  it('a record that was altered, cut out, or cannot be read → all stay as they are', () => {
    const good = records(5)
    const altered = good.with(2, { ...(good[2] as ChainedAuditRecord), text: good[1]?.text ?? '' })
    const unreadable = good.with(0, { ...(good[0] as ChainedAuditRecord), text: 'x' })
    for (const bad of [altered, unreadable, good.toSpliced(3, 1), good.slice(1)]) {
      assert.equal(packedCount(bad, start + 2 * dayMs), 0)
    }
  })
})

describe('a segment', () => {
  const before = records(20)
  const segment = planSegment(auditChainOrigin, before, start + dayMs)
  assert.ok(segment)

  it('read → the records that were packed', () => {
    assert.deepEqual(readSegment(segment, auditChainOrigin.hash), before)
  })

  it('another segment in its place, another end, another beginning → the chain breaks', () => {
    const other = planSegment(auditChainOrigin, records(20, 1), start + dayMs)
    assert.ok(other)
    for (const [changed, previous] of [
      [{ ...segment, packed: other.packed }, auditChainOrigin.hash],
      [{ ...segment, hash: other.hash }, auditChainOrigin.hash],
      [segment, other.hash],
    ] as const) {
      assert.equal(verifyAuditChain(auditChainOrigin, readSegment(changed, previous)).intact, false)
    }
  })

  it('damaged → store-invalid, with the number of its last record', () => {
    const packed = segment.packed.slice(0, -1)
    assert.throws(
      () => readSegment({ ...segment, packed }, auditChainOrigin.hash),
      (error) => isMayflyError(error, 'store-invalid') && error.message.includes('up to 20'),
    )
  })
})
