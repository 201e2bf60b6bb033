import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodePem, decodePemAll, encodePem, pemCharactersMax } from '../../src/index.ts'
import { throwsCode } from '../support/throws-code.ts'

const block = encodePem(
  'CERTIFICATE',
  Buffer.from('some bytes that are no certificate, but long enough for two lines'),
)

test('PEM: any bytes → are read back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (bytes) => {
      assert.deepEqual(
        Buffer.from(decodePem('CERTIFICATE', encodePem('CERTIFICATE', bytes))),
        Buffer.from(bytes),
      )
    }),
  )
})

test('PEM: text around blocks, and CR LF → are read (RFC 7468)', () => {
  assert.equal(
    decodePemAll('CERTIFICATE', `subject=x\n${block}\n# two\r\n${block.replaceAll('\n', '\r\n')}`).length,
    2,
  )
})

const refused = {
  'another label': block.replaceAll('CERTIFICATE', 'PUBLIC KEY'),
  'two blocks where one belongs': block + block,
  'no block': 'nothing here',
  'a block that is not closed': block.slice(0, -10),
  'ends that differ': block.replace('END CERTIFICATE', 'END PUBLIC KEY'),
  'a character outside base64': block.replace('\nc', '\n!'),
  'base64 that is cut': block.replace(/.\n-----END/, '\n-----END'),
  'headers (RFC 1421)': block.replace('\n', '\nProc-Type: 4,ENCRYPTED\n\n'),
  'more characters than the limit': block + ' '.repeat(pemCharactersMax),
} as const

for (const [what, text] of Object.entries(refused)) {
  test(`PEM: ${what} → pem-invalid`, () => {
    throwsCode(() => decodePem('CERTIFICATE', text), 'pem-invalid')
  })
}
