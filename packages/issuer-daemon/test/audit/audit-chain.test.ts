import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import {
  auditChainOrigin,
  chainAudit,
  chainTexts,
  encodeAuditRecord,
  verifyAuditChain,
} from '../../src/audit/audit-chain.ts'
import type { AuditRecord } from '../../src/audit/audit-record.ts'

const record: AuditRecord = {
  at: Date.UTC(2026, 0, 15, 12),
  requestId: 'request-1',
  action: 'request',
  actor: { kind: 'lineage', identity: 'web-1', lineage: 1, generation: 4 },
  outcome: 'issued',
  serial: '40aa',
}

describe('audit chain', () => {
  const records = ['one', 'two', 'three'].map((requestId) => ({ ...record, requestId }))
  const chained = chainAudit(auditChainOrigin, records)

  it('in its order → intact, whether in one piece or in two', () => {
    const first = verifyAuditChain(auditChainOrigin, chained.slice(0, 1))
    assert.ok(first.intact)
    assert.ok(verifyAuditChain(first.last, chained.slice(1)).intact)
    assert.deepEqual(chainAudit(first.last, records.slice(1)), chained.slice(1))
  })

  it('texts of any length and letters → each hash is over the one before and the text in UTF-8', () => {
    const texts = ['short', 'é\u{1f512}'.repeat(5_000), 'short again']
    let previous = auditChainOrigin.hash
    for (const { hash, text } of chainTexts(auditChainOrigin, texts)) {
      previous = createHash('sha256').update(previous).update(text, 'utf8').digest()
      assert.equal(Buffer.from(hash).toString('hex'), Buffer.from(previous).toString('hex'))
    }
  })

  for (const [name, altered, brokenAt] of [
    [
      'a record altered',
      chained.map((link) => (link.number === 2 ? { ...link, text: link.text.replace('two', 'tow') } : link)),
      2,
    ],
    ['a record left out', chained.filter(({ number }) => number !== 2), 2],
    ['two records swapped', [chained[1], chained[0]].filter((link) => link !== undefined), 1],
    ['the beginning cut off', chained.slice(1), 1],
  ] as const) {
    it(`${name} → noticed, and where`, () => {
      const verdict = verifyAuditChain(auditChainOrigin, altered)
      assert.ok(!verdict.intact)
      assert.equal(verdict.brokenAt, brokenAt)
    })
  }
})

describe('audit record as text', () => {
  it('is one line of sorted keys', () => {
    assert.equal(
      encodeAuditRecord(record),
      '{"action":"request","actor":{"generation":4,"identity":"web-1","kind":"lineage","lineage":1},' +
        '"at":"2026-01-15T12:00:00.000Z","outcome":"issued","requestId":"request-1","serial":"40aa"}',
    )
  })

  for (const nasty of [
    'a\nb',
    'a\r\n{"outcome":"issued"}',
    '","outcome":"issued',
    '\u001b[2Jgone',
    '\u009b31m',
    '\u2028',
    '\u202egnp.exe',
    '\ud800',
    'bücher',
    '\u{1f4a9}',
  ]) {
    it(`log injection through names: ${JSON.stringify(nasty)} → printable ASCII in one line, and the same back`, () => {
      const text = encodeAuditRecord({ ...record, identity: nasty, details: { nasty } })
      assert.match(text, /^[\x20-\x7e]*$/)
      const read = JSON.parse(text) as AuditRecord
      assert.deepEqual([read.identity, read.details?.nasty, read.outcome], [nasty, nasty, 'issued'])
    })
  }
})
