import assert from 'node:assert/strict'
import { sign } from 'node:crypto'
import { test } from 'node:test'
import { toFixedLength } from '../../src/jws/signer-jws.ts'
import { encodeEcdsaSignature } from '../../src/keys/ecdsa-signature.ts'
import { generateKeyPair } from '../../src/keys/key-pair.ts'

test('encodeEcdsaSignature: → what OpenSSL writes, with and without leading zeros', async () => {
  const { privateKey } = await generateKeyPair('ec-p256')
  // Enough that r or s begins with a zero octet, or with a bit that needs one before it.
  for (let round = 0; round < 300; round++) {
    const der = sign('sha256', Buffer.from([round]), privateKey)
    assert.deepEqual(Buffer.from(encodeEcdsaSignature(toFixedLength(der, 32))), der)
  }
})

test('encodeEcdsaSignature: r = 1, s = 0x80 → the shortest integers', () => {
  const fixed = new Uint8Array(64)
  fixed[31] = 1
  fixed[63] = 0x80
  assert.deepEqual(Buffer.from(encodeEcdsaSignature(fixed)).toString('hex'), '300702010102020080')
  for (const length of [0, 63]) assert.throws(() => encodeEcdsaSignature(new Uint8Array(length)), TypeError)
})
