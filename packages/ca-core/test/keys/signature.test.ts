import assert from 'node:assert/strict'
import { constants, privateEncrypt } from 'node:crypto'
import { test } from 'node:test'
import { encodeSequence, encodeUnsignedInteger } from '../../src/der/der-writer.ts'
import { generateKeyPair, keySigner, sha256Hex, verifySignature } from '../../src/index.ts'

const message = Buffer.from('to be signed')

/** The order of the group (RFC 8032 5.1). */
const ed25519Order = 2n ** 252n + 27742317777372353535851937790883648493n

const p256Order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

const bigEndian = (value: bigint): Uint8Array => Buffer.from(value.toString(16).padStart(64, '0'), 'hex')

test('signatures checked in JavaScript (node-forge CVE-2026-33895): Ed25519 with S + L → refused', async () => {
  const pair = await generateKeyPair('ed25519')
  const signature = Buffer.from(keySigner(pair).sign(message))
  const scalar = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`)
  const moved = Buffer.from((scalar + ed25519Order).toString(16).padStart(64, '0'), 'hex').reverse()
  assert.ok(verifySignature(pair.publicKey, message, signature))
  assert.ok(!verifySignature(pair.publicKey, message, Buffer.concat([signature.subarray(0, 32), moved])))
})

test('signatures checked in JavaScript: ECDSA with r or s of 0, of the order, or over it → refused', async () => {
  const pair = await generateKeyPair('ec-p256')
  for (const r of [0n, 1n, p256Order, p256Order + 1n]) {
    for (const s of [0n, p256Order, p256Order + 1n]) {
      const signature = encodeSequence(
        encodeUnsignedInteger(bigEndian(r)),
        encodeUnsignedInteger(bigEndian(s)),
      )
      assert.ok(!verifySignature(pair.publicKey, message, signature))
    }
  }
})

test('signatures checked in JavaScript: ECDSA in BER, with trailing bytes, empty → refused', async () => {
  const pair = await generateKeyPair('ec-p256')
  const signature = keySigner(pair).sign(message)
  const longLength = Buffer.concat([Uint8Array.of(0x30, 0x81), signature.subarray(1)])
  const trailing = Buffer.concat([signature, Uint8Array.of(0)])
  for (const changed of [longLength, trailing, new Uint8Array()]) {
    assert.ok(!verifySignature(pair.publicKey, message, changed))
  }
})

test('signatures checked in JavaScript (node-forge CVE-2022-24771): PKCS #1 with garbage, short padding or no NULL → refused', async () => {
  const pair = await generateKeyPair('rsa-3072')
  const digest = Buffer.from(sha256Hex(message), 'hex')
  const prefix = Buffer.from('3031300d060960864801650304020105000420', 'hex')
  const withoutNull = Buffer.from('302f300b0609608648016503040201 0420'.replaceAll(' ', ''), 'hex')
  const raw = (block: Buffer): Buffer =>
    privateEncrypt({ key: pair.privateKey, padding: constants.RSA_NO_PADDING }, block)
  const padded = (info: Buffer, garbage = 0): Buffer => {
    const padding = Buffer.alloc(384 - 3 - info.length - garbage, 0xff)
    return Buffer.concat([Uint8Array.of(0, 1), padding, Uint8Array.of(0), info, Buffer.alloc(garbage, 7)])
  }
  assert.ok(verifySignature(pair.publicKey, message, raw(padded(Buffer.concat([prefix, digest])))))
  const forged = [
    padded(Buffer.concat([prefix, digest]), 64),
    padded(Buffer.concat([withoutNull, digest])),
    padded(digest),
    Buffer.concat([Uint8Array.of(0, 2), padded(Buffer.concat([prefix, digest])).subarray(2)]),
  ]
  for (const block of forged) assert.ok(!verifySignature(pair.publicKey, message, raw(block)))
})
