import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseDer } from '../../src/der/der-element.ts'
import { oidOf } from '../../src/der/der-oid.ts'
import { encodeTime, timeOf } from '../../src/der/der-time.ts'
import {
  bitStringBytesOf,
  booleanOf,
  fieldsOf,
  integerBytesOf,
  namedBitsOf,
  nullOf,
  smallIntegerOf,
} from '../../src/der/der-values.ts'
import {
  encodeNamedBits,
  encodeNull,
  encodeOid,
  encodeSequence,
  encodeSmallInteger,
  encodeUnsignedInteger,
} from '../../src/der/der-writer.ts'
import { throwsCode } from '../support/throws-code.ts'

const element = (hex: string) => parseDer(new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex')))

const refusedValues = {
  'a BOOLEAN of 01 (X.690 11.1)': () => booleanOf(element('0101 01')),
  'a BOOLEAN of two octets': () => booleanOf(element('0102 ffff')),
  'an INTEGER without octets': () => integerBytesOf(element('0200')),
  'an INTEGER with a padding of 00 (X.690 8.3.2)': () => integerBytesOf(element('0202 0001')),
  'an INTEGER with a padding of ff': () => integerBytesOf(element('0202 ff80')),
  'a huge INTEGER': () => integerBytesOf(element(`028204b0 01${'00'.repeat(1199)}`)),
  'a negative small INTEGER': () => smallIntegerOf(element('0201 ff')),
  'a small INTEGER of five octets': () => smallIntegerOf(element('0205 0100000000')),
  'a BIT STRING without octets': () => bitStringBytesOf(element('0300')),
  'a BIT STRING that is not of whole octets': () => bitStringBytesOf(element('0302 0180')),
  'named bits with trailing zero bits (X.690 11.2.2)': () => namedBitsOf(element('0302 0080')),
  'named bits with eight unused': () => namedBitsOf(element('0302 0880')),
  'named bits with set unused ones (X.690 11.2.1)': () => namedBitsOf(element('0302 0481')),
  'a NULL with content': () => nullOf(element('0501 00')),
  'a field too many': () => fieldsOf(element('3002 0500')).end(),
  'a field too few': () => fieldsOf(element('3000')).takeAny(),
  'another tag than the one expected': () => fieldsOf(element('3002 0500')).take(0x02),
  'an object identifier without octets': () => oidOf(element('0600')),
  'an object identifier that ends early': () => oidOf(element('0602 2a86')),
  'an object identifier with a padded arc (X.690 8.19.2)': () => oidOf(element('0603 2a8001')),
  'an object identifier with an arc over 2^53': () => oidOf(element(`060a 2a ${'ff'.repeat(8)}7f`)),
  'an object identifier of 33 octets': () => oidOf(element(`0621 ${'2a'.repeat(33)}`)),
} as const

for (const [what, read] of Object.entries(refusedValues)) {
  test(`ASN.1: ${what} → der-invalid`, () => {
    throwsCode(read, 'der-invalid')
  })
}

test('ASN.1: 32-bit object identifiers (node-forge CVE-2025-66030): 2.5.29.(2^32+19) is not 2.5.29.19', () => {
  assert.equal(oidOf(parseDer(encodeOid('2.5.29.4294967315'))), '2.5.29.4294967315')
})

test('oidOf: what encodeOid writes → is read back', () => {
  const arcs = fc.array(fc.integer({ min: 0, max: 2 ** 32 }), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2 }),
      fc.integer({ min: 0, max: 39 }),
      arcs,
      (root, second, rest) => {
        const dotted = [root, second, ...rest].join('.')
        assert.equal(oidOf(parseDer(encodeOid(dotted))), dotted)
      },
    ),
  )
})

test('integers, named bits and NULL: written → read back', () => {
  for (const value of [0, 1, 127, 128, 255, 256, 65_537, 2 ** 31 - 1]) {
    assert.equal(smallIntegerOf(parseDer(encodeSmallInteger(value))), value)
  }
  assert.deepEqual([...integerBytesOf(parseDer(encodeUnsignedInteger(Uint8Array.of(0, 0, 0x80))))], [0, 0x80])
  for (const bits of [[], [0], [5, 6], [8], [0, 7, 8]])
    assert.deepEqual(namedBitsOf(parseDer(encodeNamedBits(bits))), bits)
  nullOf(parseDer(encodeNull()))
  assert.equal(fieldsOf(parseDer(encodeSequence(encodeNull()))).takeIf(0x02), undefined)
})

test('RFC 5280 4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050', () => {
  assert.equal(encodeTime(Date.UTC(2049, 11, 31, 23, 59, 59))[0], 0x17)
  assert.equal(encodeTime(Date.UTC(2050, 0, 1))[0], 0x18)
  assert.equal(encodeTime(Date.UTC(1950, 0, 1))[0], 0x17)
  assert.throws(() => encodeTime(Date.UTC(1949, 11, 31)), RangeError)
  assert.throws(() => encodeTime(Date.UTC(10_000, 0, 1)), RangeError)
})

test('encodeTime: any instant → is read back cut down to the second', () => {
  const instants = fc.integer({ min: Date.UTC(1950, 0, 1), max: Date.UTC(9999, 11, 31) })
  fc.assert(
    fc.property(instants, (instant) => {
      assert.equal(timeOf(parseDer(encodeTime(instant))), Math.floor(instant / 1000) * 1000)
    }),
  )
})

const refusedTimes = {
  'without seconds': '170b 323630363031313230305a',
  'with an offset': `1711 ${Buffer.from('260601120000+0100').toString('hex')}`,
  'with fractions': `1812 ${Buffer.from('20500601120000.50Z').toString('hex')}`,
  'on 31 June': `170d ${Buffer.from('260631120000Z').toString('hex')}`,
  'at 24:00': `170d ${Buffer.from('260601240000Z').toString('hex')}`,
  'of 2026 as GeneralizedTime': `180f ${Buffer.from('20260601120000Z').toString('hex')}`,
  'that is no time': '0500',
} as const

for (const [what, hex] of Object.entries(refusedTimes)) {
  test(`ASN.1: a time ${what} → der-invalid`, () => {
    throwsCode(() => timeOf(element(hex)), 'der-invalid')
  })
}
