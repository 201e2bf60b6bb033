import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import { before, describe, test } from 'node:test'
import { toFixedLength } from '../../../packages/ca-core/src/jws/signer-jws.ts'
import { memoiseCrypto } from './memoised-crypto.ts'

const messages = 400
const inJws = { dsaEncoding: 'ieee-p1363' } as const
const { generateKeyPairSync, verify } = crypto
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' })

/** What a certificate is signed over begins with its version in `[0]`, what a request is signed over with a number. */
const beginnings = {
  certificate: Uint8Array.of(0x30, 0x82, 0x01, 0x00, 0xa0),
  request: Uint8Array.of(0x30, 0x81, 0xf0, 0x02),
  jws: Buffer.from('eyJ0eXAi'),
}

function messagesOf(kind: keyof typeof beginnings): Uint8Array[] {
  return Array.from({ length: messages }, () => Buffer.concat([beginnings[kind], crypto.randomBytes(200)]))
}

function isOfOpenssl(message: Uint8Array, signature: Uint8Array): boolean {
  return verify('sha256', message, publicKey, signature)
}

describe('signatures in a story', () => {
  before(() => memoiseCrypto())

  test('of certificates: → all of them OpenSSL’s', () => {
    for (const message of messagesOf('certificate')) {
      assert.ok(isOfOpenssl(message, crypto.sign('sha256', message, privateKey)))
    }
  })

  for (const kind of ['request', 'jws'] as const) {
    test(`of a ${kind}: some OpenSSL’s → all hold for their key and message, and for nothing else`, () => {
      let real = 0
      for (const message of messagesOf(kind)) {
        const signature = crypto.sign('sha256', message, privateKey)
        if (isOfOpenssl(message, signature)) real++
        const altered = Uint8Array.from(message).with(100, (message[100] as number) ^ 1)
        assert.ok(crypto.verify('sha256', message, publicKey, signature))
        assert.ok(!crypto.verify('sha256', altered, publicKey, signature))
        assert.ok(!crypto.verify('sha256', message, other.publicKey, signature))
        assert.ok(
          !crypto.verify('sha256', message, publicKey, signature.with(20, (signature[20] as number) ^ 1)),
        )
      }
      assert.ok(real > 0 && real < messages / 4, `${real} of ${messages} are real`)
    })
  }

  test('as they stand in a JWS, signed so or written anew → hold', () => {
    for (const message of messagesOf('jws')) {
      const signed = crypto.sign('sha256', message, { key: privateKey, ...inJws })
      const rewritten = toFixedLength(crypto.sign('sha256', message, privateKey), 32)
      for (const signature of [signed, rewritten]) {
        assert.equal(signature.length, 64)
        assert.ok(crypto.verify('sha256', message, { key: publicKey, ...inJws }, signature))
      }
    }
  })

  test('of another kind of key → OpenSSL’s', () => {
    const edwards = generateKeyPairSync('ed25519')
    const message = Buffer.from('of another kind')
    const signature = crypto.sign(null, message, edwards.privateKey)
    assert.ok(verify(null, message, edwards.publicKey, signature))
    const larger = generateKeyPairSync('ec', { namedCurve: 'P-384' })
    for (const text of messagesOf('jws').slice(0, 40)) {
      assert.ok(verify('sha256', text, larger.publicKey, crypto.sign('sha256', text, larger.privateKey)))
    }
  })
})
