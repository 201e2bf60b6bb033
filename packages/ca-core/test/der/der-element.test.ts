import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseDer } from '../../src/der/der-element.ts'
import { derBytesMax, derDepthMax, derElementsMax } from '../../src/der/der-limits.ts'
import { encodeElement, encodeOctetString, encodeSequence } from '../../src/der/der-writer.ts'
import { isMayflyError } from '../../src/index.ts'
import { throwsCode } from '../support/throws-code.ts'

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'))

const refused = {
  'nothing at all': '',
  'a tag alone': '30',
  'an indefinite length (X.690 8.1.3.6)': '3080 0000',
  'an indefinite length inside': '3004 3080 0000',
  'trailing bytes': '0500 00',
  'a length past the end': '0405 00',
  'a length of one octet in the long form': '0481 01 00',
  'a length with a leading zero octet': '0482 0080',
  'a length of four octets': '0484 00000001 00',
  'a length of 127 octets': '04ff',
  'a high tag number (X.690 8.1.2.4)': '1f81 0100',
  'an end-of-contents octet': '0000',
  'a child that goes past its parent': '3003 0402 00',
} as const

for (const [what, hex] of Object.entries(refused)) {
  test(`ASN.1: ${what} → der-invalid`, () => {
    throwsCode(() => parseDer(bytes(hex)), 'der-invalid')
  })
}

test('ASN.1: nesting at the limit is read, one deeper → der-invalid', () => {
  const nested = (depth: number): Uint8Array =>
    depth === 1 ? encodeSequence() : encodeSequence(nested(depth - 1))
  assert.equal(parseDer(nested(derDepthMax)).tag, 0x30)
  throwsCode(() => parseDer(nested(derDepthMax + 1)), 'der-invalid')
})

test('ASN.1: ten thousand levels do not exhaust the stack → der-invalid', () => {
  throwsCode(() => parseDer(bytes('3080'.repeat(10_000))), 'der-invalid')
  let deep: Uint8Array = encodeSequence()
  for (let i = 0; i < 10_000; i++) deep = encodeSequence(deep)
  throwsCode(() => parseDer(deep, { bytesMax: 1_000_000 }), 'der-invalid')
})

test('ASN.1: too many elements → der-invalid', () => {
  const many = encodeElement(0x30, ...Array.from({ length: derElementsMax }, () => bytes('0500')))
  throwsCode(() => parseDer(many), 'der-invalid')
})

test('ASN.1: more bytes than the limit → der-invalid', () => {
  throwsCode(() => parseDer(encodeOctetString(new Uint8Array(derBytesMax))), 'der-invalid')
})

test('parseDer: what encodeElement writes → is read back, for every length class', () => {
  for (const length of [0, 1, 127, 128, 255, 256, 60_000]) {
    const element = parseDer(encodeOctetString(new Uint8Array(length).fill(7)))
    assert.equal(element.content.length, length)
  }
})

test('parseDer: any bytes → a value that covers them all, or der-invalid', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (input) => {
      try {
        assert.deepEqual(Buffer.from(parseDer(input).encoded), Buffer.from(input))
      } catch (error) {
        assert.ok(isMayflyError(error, 'der-invalid'), String(error))
      }
    }),
    { numRuns: 2_000 },
  )
})
