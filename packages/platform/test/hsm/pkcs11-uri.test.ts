import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatKeyUri, parsePkcs11Uri } from '../../src/hsm/pkcs11-uri.ts'

describe('parsePkcs11Uri', () => {
  it('a token with its module → both, with what is escaped put back', () => {
    const uri =
      'pkcs11:token=The%20token%3b;serial=0A;manufacturer=M;model=X?module-path=/usr/lib/my%20module.so'
    assert.deepEqual(parsePkcs11Uri(uri), {
      choice: { token: 'The token;', serial: '0A', manufacturer: 'M', model: 'X' },
      key: {},
      module: '/usr/lib/my module.so',
    })
  })

  it('a key by label and id → as bytes', () => {
    assert.deepEqual(parsePkcs11Uri('pkcs11:object=my%20key;id=%00%ffz;type=private').key, {
      label: 'my key',
      id: Uint8Array.of(0x00, 0xff, 0x7a),
    })
  })

  it('what was formatted → the same again', () => {
    const id = Uint8Array.of(0x00, 0x25, 0x3b, 0xff)
    const uri = formatKeyUri({ token: 'a; b=c', serial: '1' }, id)
    assert.deepEqual(parsePkcs11Uri(uri), { choice: { token: 'a; b=c', serial: '1' }, key: { id } })
  })

  const broken: readonly [uri: string, message: RegExp][] = [
    ['http:token=x', /does not begin with pkcs11:/],
    ['pkcs11:token=x?pin-value=1234', /has a PIN or its place; say .* under `pin`/],
    ['pkcs11:token=x?pin-source=file:/pin', /has a PIN or its place/],
    ['pkcs11:token=x?module-path=module.so', /not absolute/],
    ['pkcs11:token=x?module-name=softhsm', /"module-name", which is not used/],
    ['pkcs11:slot-id=3', /"slot-id", which is not used/],
    ['pkcs11:token=x;token=y', /has "token" twice/],
    ['pkcs11:token', /without a value/],
    ['pkcs11:token=%2', /broken value of "token"/],
    ['pkcs11:token=a b', /broken value of "token"/],
    ['pkcs11:type=cert', /type "cert"/],
    [`pkcs11:token=${'x'.repeat(2_048)}`, /longer than/],
  ]
  for (const [uri, message] of broken) {
    it(`${uri.slice(0, 50)} → config-invalid, without the PIN`, () => {
      assert.throws(
        () => parsePkcs11Uri(uri),
        (error: Error & { code?: string }) => {
          assert.equal(error.code, 'config-invalid')
          assert.match(error.message, message)
          return !error.message.includes('1234')
        },
      )
    })
  }
})
