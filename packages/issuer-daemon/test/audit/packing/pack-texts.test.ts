import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { FakeRandom } from '../../../../../test/fakes/fake-random.ts'
import { encodeAuditRecord } from '../../../src/audit/audit-chain.ts'
import type { AuditRecord } from '../../../src/audit/audit-record.ts'
import { packTexts, unpackTexts } from '../../../src/audit/packing/pack-texts.ts'

const start = Date.UTC(2026, 0, 15, 12)

/** The same choices in every run. */
const random = new FakeRandom('packed texts')

function below(count: number): number {
  return Buffer.from(random.bytes(4)).readUInt32BE() % count
}

function one<Value>(values: readonly Value[]): Value {
  return values[below(values.length)] as Value
}

function some<Value>(max: number, draw: () => Value): Value[] {
  return Array.from({ length: below(max + 1) }, draw)
}

/** Names as nobody should choose them, and as some will. */
function anyName(): string {
  return one([
    () => `host-${below(1_000)}`,
    () => Buffer.from(random.bytes(below(9))).toString('latin1'),
    () => Buffer.from(random.bytes(8)).toString('hex'),
    () =>
      one(['', '"', '\\', '\n{"a":1}', '\0', '😀', '\ud800', '0', '-1', '1e9', '2026-01-15T12:00:00.000Z']),
  ])()
}

function anyRecord(): AuditRecord {
  return {
    at: below(4_000_000) * 1_000_000 + below(1_000_000),
    requestId: anyName(),
    action: one(['request', 'sweep', 'enroll']),
    actor: one([{ kind: 'issuer' }, { kind: 'admin', uid: below(70_000) }, { kind: 'anonymous' }]),
    outcome: one(['issued', 'refused', 'scheduled']),
    identity: anyName(),
    ...(below(2) === 1 && { reason: anyName(), generation: below(1_000) }),
    ...(below(2) === 1 && { serial: Buffer.from(random.bytes(16)).toString('hex') }),
    ...(below(3) === 1 && {
      details: { [anyName()]: anyName(), list: some(3, anyName), half: below(9) / 2 },
    }),
  }
}

/** Values at the edge of what has a layout of its own. */
const odd = [
  '{"a":"0123456789abcdef","b":0}',
  '{"a":"0123456789ABCDEF","b":00}',
  '{"a":"2026-02-30T12:00:00.000Z","b":9007199254740993}',
  '{"a":"1969-12-31T23:59:59.999Z","b":-1}',
  '{"a":"2026-02-28T12:00:00.000Z","b":9007199254740991}',
  '["\\"",1,"\\\\",[2]]',
  '"',
  '\0',
  '',
]

describe('packed texts', () => {
  it('audit records, whatever is in them → come back as they were', () => {
    for (let round = 0; round < 300; round++) {
      const texts = some(40, anyRecord).map(encodeAuditRecord)
      assert.deepEqual(unpackTexts(packTexts(texts)), texts)
    }
  })

  it('any texts → come back as they were', () => {
    for (let round = 0; round < 300; round++) {
      const texts = some(40, () => one([() => one(odd), () => JSON.stringify([anyName()])])())
      assert.deepEqual(unpackTexts(packTexts(texts)), texts)
    }
  })

  it('a thousand records of a sweep → little more than their serials', () => {
    const texts = Array.from({ length: 1_000 }, (_, index) =>
      encodeAuditRecord({
        at: start + Math.floor(index / 500) * 40,
        requestId: `sweep-${start}`,
        action: 'sweep',
        actor: { kind: 'issuer' },
        outcome: 'issued',
        identity: `host-${(index * 7_919) % 100_000}`,
        generation: 20 + (index % 3),
        serial: randomBytes(16).toString('hex'),
      }),
    )
    const packed = packTexts(texts)
    assert.ok(packed.length < 1_000 * (16 + 5), `${packed.length} bytes`)
    assert.ok(texts.join('').length > 200_000)
  })

  it('cut off or altered → an error or other texts, and never without end', () => {
    const packed = packTexts(['{"a":"one","b":1}', '{"a":"two","b":2}', '{"c":[1,2,3]}'])
    for (let end = 0; end < packed.length; end++) {
      assert.throws(() => unpackTexts(packed.subarray(0, end)), Error)
    }
    for (let place = 0; place < packed.length; place++) {
      for (let bit = 0; bit < 8; bit++) {
        const altered = Uint8Array.from(packed)
        altered[place] = (altered[place] ?? 0) ^ (1 << bit)
        try {
          unpackTexts(altered)
        } catch (error) {
          assert.ok(error instanceof Error)
        }
      }
    }
  })
})
