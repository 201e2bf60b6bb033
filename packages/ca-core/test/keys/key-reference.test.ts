import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeKeyReference, encodeKeyReference, isKeyReference } from '../../src/keys/key-reference.ts'

const uri = 'pkcs11:token=mayfly;id=%01'

// As pkcs11-provider writes it: SEQUENCE { VisibleString "PKCS#11 Provider URI v1.0", UTF8String }.
const written = `-----BEGIN PKCS#11 PROVIDER URI-----
MDcaGVBLQ1MjMTEgUHJvdmlkZXIgVVJJIHYxLjAMGnBrY3MxMTp0b2tlbj1tYXlm
bHk7aWQ9JTAx
-----END PKCS#11 PROVIDER URI-----
`

test('encodeKeyReference: → the form of pkcs11-provider; read back → the URI', () => {
  assert.equal(encodeKeyReference(uri), written)
  assert.equal(decodeKeyReference(written), uri)
  assert.ok(isKeyReference(written))
})

test('decodeKeyReference: a key, another version, something behind → key-invalid', () => {
  const key = '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'
  assert.ok(!isKeyReference(key))
  const bytes = Buffer.from(written.replace(/-----[^-]*-----/g, ''), 'base64')
  const framed = (der: Uint8Array) =>
    `-----BEGIN PKCS#11 PROVIDER URI-----\n${Buffer.from(der).toString('base64')}\n-----END PKCS#11 PROVIDER URI-----\n`
  const otherVersion = Buffer.from(bytes)
  otherVersion.write('2', otherVersion.indexOf('1.0'))
  for (const text of [
    key,
    framed(otherVersion),
    framed(Buffer.concat([bytes, Buffer.alloc(1)])),
    framed(bytes.subarray(0, 9)),
  ])
    assert.throws(() => decodeKeyReference(text), { code: 'key-invalid' })
})
