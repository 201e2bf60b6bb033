import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeContextPrimitive, encodeElement, encodeSequence } from '../../src/der/der-writer.ts'
import { decodeGeneralNames, encodeGeneralNames, namesMax, parseNames } from '../../src/index.ts'
import { throwsCode } from '../support/throws-code.ts'

const ascii = (text: string): Uint8Array => Buffer.from(text, 'latin1')
const dns = (text: string): Uint8Array => encodeContextPrimitive(2, ascii(text))

test('GeneralNames: every type → is read back in order', () => {
  const names = parseNames([
    'web-1.example',
    '*.web.example',
    '192.0.2.1',
    '2001:db8::1',
    'spiffe://corp.example/web',
    'https://web.example/a',
    'ann@mail.example',
  ])
  assert.deepEqual(decodeGeneralNames(encodeGeneralNames(names)), names)
})

test('GeneralNames: upper-case DNS names of others → lower case', () => {
  assert.deepEqual(decodeGeneralNames(encodeSequence(dns('WEB.Example'))), parseNames(['web.example']))
})

const refused = {
  'no name': encodeSequence(),
  'too many names': encodeSequence(...Array.from({ length: namesMax + 1 }, (_, i) => dns(`a${i}.example`))),
  'a NUL in a DNS name': encodeSequence(dns('web.example\0.evil.example')),
  'a trailing dot': encodeSequence(dns('web.example.')),
  'a U-label': encodeSequence(encodeContextPrimitive(2, Buffer.from('bücher.example'))),
  'an IP address of 5 octets': encodeSequence(encodeContextPrimitive(7, new Uint8Array(5))),
  'an IPv4-mapped address': encodeSequence(
    encodeContextPrimitive(7, Uint8Array.of(...new Array<number>(10).fill(0), 0xff, 0xff, 192, 0, 2, 1)),
  ),
  'an otherName': encodeSequence(encodeElement(0xa0)),
  'a directoryName': encodeSequence(encodeElement(0xa4, encodeSequence())),
  'a registeredID': encodeSequence(encodeContextPrimitive(8, Uint8Array.of(0x2a))),
  'a constructed DNS name': encodeSequence(encodeElement(0xa2, encodeElement(0x16, ascii('web.example')))),
} as const

for (const [what, der] of Object.entries(refused)) {
  test(`GeneralNames: ${what} → refused`, () => {
    throwsCode(() => decodeGeneralNames(der), 'der-invalid', 'name-invalid')
  })
}
