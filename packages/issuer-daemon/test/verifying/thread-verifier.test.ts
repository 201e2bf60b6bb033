import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  checkSignature,
  createCertificateRequest,
  encodeBase64url,
  generateKeyPair,
  type KeyPair,
  keyTypes,
  parseCertificateRequestWith,
  type SignatureCheck,
  type SignatureVerdict,
  signRequest,
  type Verifier,
  verifyRequest,
} from '@mayfly/ca-core'
import { packChecks, unpackChecks } from '../../src/verifying/packed-checks.ts'
import { ThreadVerifier } from '../../src/verifying/thread-verifier.ts'
import { report } from '../support/test-host.ts'

const keyPairs: readonly KeyPair[] = await Promise.all(keyTypes.map((type) => generateKeyPair(type)))
const now = Date.UTC(2026, 0, 15)
const url = 'https://issuer.example/v1/requests'

describe('checking signatures in a thread', () => {
  const verifier = new ThreadVerifier()
  verifier.attend(() => 2)
  before(() => verifier.start())
  after(() => verifier.close())

  it('requests of every key type, in both forms, whole and altered → the verdicts of a check within the call', async () => {
    const checks = (await Promise.all(keyPairs.map(checksOf))).flat()
    const broken = checks.flatMap((check) => [
      check,
      { ...check, message: altered(check.message) },
      { ...check, signature: altered(check.signature) },
      { ...check, signature: check.signature.subarray(1) },
      { ...check, spki: altered(check.spki) },
      { ...check, form: check.form === 'jws' ? 'certificate' : 'jws' } as const,
    ])
    const verdicts = await Promise.all(broken.map((check) => verifier.verify(check)))
    assert.deepEqual(verdicts, broken.map(checkSignature))
    const signed = verdicts.filter((verdict) => verdict === 'signed')
    assert.ok(signed.length >= checks.length, 'each whole one holds')
    assert.ok(verdicts.includes('not-signed') && verdicts.includes('key-invalid'))
  })

  it('a request that is alone → checked within the call; two at once → in the thread', async () => {
    const [check] = await checksOf(keyPairs[0] as KeyPair)
    const alone = new ThreadVerifier()
    assert.equal(alone.verify(check as SignatureCheck), 'signed')
    alone.attend(() => 2)
    const verdict = alone.verify(check as SignatureCheck)
    assert.ok(verdict instanceof Promise)
    assert.equal(await verdict, 'signed')
    await alone.close()
  })

  it('the thread ends while checks wait for it → they are checked all the same, and the next ones too', async () => {
    const [check] = await checksOf(keyPairs[0] as KeyPair)
    const ending = new ThreadVerifier()
    ending.attend(() => 2)
    assert.equal(await ending.verify(check as SignatureCheck), 'signed', 'while it starts')
    await ending.start()
    const waiting = Array.from({ length: 100 }, () => ending.verify(check as SignatureCheck))
    // Behind the turn in which they are sent.
    await new Promise((resolve) => setImmediate(resolve))
    await ending.close()
    assert.deepEqual(
      await Promise.all(waiting),
      waiting.map(() => 'signed'),
    )
    assert.equal(await ending.verify(check as SignatureCheck), 'signed')
    await ending.close()
  })

  it('packed and unpacked → the same checks, empty parts too', () => {
    const lengths = [0, 1, 0, 300, 70_000]
    const checks = keyTypes.map((keyType, index): SignatureCheck => {
      const part = (shift: number): Uint8Array =>
        new Uint8Array(lengths[(index + shift) % lengths.length] ?? 0).fill(index + shift)
      const form = index % 2 === 0 ? 'jws' : 'certificate'
      return { keyType, form, spki: part(0), message: part(1), signature: part(2) }
    })
    assert.deepEqual(unpackChecks(packChecks(checks)), checks)
    assert.deepEqual(unpackChecks(packChecks([])), [])
  })
})

/** What the issuer checks of a request of this key for a certificate of this key. */
async function checksOf(keyPair: KeyPair): Promise<readonly SignatureCheck[]> {
  const checks: SignatureCheck[] = []
  const noting: Verifier = {
    verify(check): SignatureVerdict {
      checks.push(check)
      return checkSignature(check)
    },
  }
  const csr = await createCertificateRequest({ keyPair })
  const options = {
    keyPair,
    signer: { serial: '40'.repeat(16), fingerprint: '00'.repeat(32) },
    url,
    now,
    jti: 'j'.repeat(22),
  }
  const jws = await signRequest({ ...options, body: { csr: encodeBase64url(csr), report } })
  await verifyRequest(jws, { publicKey: keyPair.publicKey, url, now, verifier: noting })
  await parseCertificateRequestWith(noting, csr)
  assert.deepEqual(
    checks.map(({ form }) => form),
    ['jws', 'certificate'],
  )
  return checks
}

function altered(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[copy.length - 1] = (copy.at(-1) ?? 0) ^ 1
  return copy
}
