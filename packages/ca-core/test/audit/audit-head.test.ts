import assert from 'node:assert/strict'
import { test } from 'node:test'
import { flattenedVerify } from 'jose'
import { FakeRandom } from '../../../../test/fakes/fake-random.ts'
import {
  createRoot,
  generateKeyPair,
  keySigner,
  keyTypes,
  readAuditHead,
  signAuditHead,
  verifyAuditHead,
} from '../../src/index.ts'

const now = Date.UTC(2026, 0, 15)
const head = { number: 7, hash: 'ab'.repeat(32), at: now, trustDomain: 'test.example' }

async function authority(keyType: (typeof keyTypes)[number]) {
  const keyPair = await generateKeyPair(keyType)
  const certificate = await createRoot({ keyPair, commonName: 'Test', now, random: new FakeRandom(keyType) })
  return { keyPair, certificate, signer: keySigner(keyPair) }
}

for (const keyType of keyTypes) {
  test(`audit head, ${keyType}: signed → read and verified, and a standard JWS`, async () => {
    const signing = await authority(keyType)
    // Often enough for short integers in ECDSA signatures.
    for (let count = 0; count < (keyType === 'ec-p256' ? 300 : 3); count++) {
      const jws = await signAuditHead({ ...head, number: count }, signing)
      assert.deepEqual(verifyAuditHead(jws, signing.certificate), { ...head, number: count })
      if (!keyType.startsWith('ml-dsa')) await flattenedVerify(jws, signing.keyPair.publicKey.key)
    }
  })
}

test('audit head: altered, by another authority, or of another type → not verified', async () => {
  const signing = await authority('ec-p256')
  const other = await authority('ec-p256')
  const jws = await signAuditHead(head, signing)
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const header = JSON.parse(Buffer.from(jws.protected, 'base64url').toString())
  assert.equal(verifyAuditHead(jws, other.certificate), undefined)
  assert.equal(
    verifyAuditHead({ ...jws, payload: encode({ ...head, number: 8 }) }, signing.certificate),
    undefined,
  )
  assert.equal(
    verifyAuditHead({ ...jws, protected: encode({ ...header, alg: 'none' }) }, signing.certificate),
    undefined,
  )
  assert.equal(readAuditHead({ ...jws, protected: encode({ ...header, typ: 'mayfly-request' }) }), undefined)
  assert.equal(readAuditHead({ ...jws, payload: 'e30' }), undefined)
  assert.equal(readAuditHead({ ...jws, payload: '____' }), undefined)
})
