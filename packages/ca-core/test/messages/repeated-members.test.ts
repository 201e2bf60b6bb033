import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeRandom } from '../../../../test/fakes/fake-random.ts'
import { readAuditHead, signAuditHead } from '../../src/audit/audit-head.ts'
import {
  createEnrolmentToken,
  generateKeyPair,
  isMayflyError,
  readEnrolmentToken,
  readTrustBundle,
  signTrustBundle,
  verifyEnrolmentToken,
  verifyTrustBundle,
} from '../../src/index.ts'
import { createRoot } from '../../src/issuing/root.ts'
import { type FlattenedJws, signJws } from '../../src/jws/jws-signature.ts'
import type { KeyPair } from '../../src/keys/key-pair.ts'
import { keySigner } from '../../src/keys/signature.ts'
import { signRequest } from '../../src/requests/sign-request.ts'
import { verifyRequest } from '../../src/requests/verify-request.ts'

const now = Date.UTC(2026, 0, 1)
const url = 'https://issuer.test/v1/requests'
const keyPair = await generateKeyPair('ec-p256')
const root = await createRoot({ keyPair, commonName: 'Root', now, random: new FakeRandom() })
const parts = ['protected', 'payload'] as const

/** The same text, with its first member once more. */
function repeated(text: string): string {
  const [[name, value] = []] = Object.entries(JSON.parse(text))
  return `{${JSON.stringify(name)}:${JSON.stringify(value)},${text.slice(1)}`
}

/** The same message, signed by the right key, in which a part says something twice. */
function resigned(jws: FlattenedJws, part: 'protected' | 'payload', by: KeyPair): FlattenedJws {
  const text = repeated(Buffer.from(jws[part], 'base64url').toString())
  const changed = { ...jws, [part]: Buffer.from(text).toString('base64url') }
  return { ...changed, signature: Buffer.from(signJws(changed, by)).toString('base64url') }
}

async function assertRefused(read: () => unknown, code: string): Promise<void> {
  await assert.rejects(
    async () => read(),
    (error) => {
      assert.ok(isMayflyError(error))
      assert.equal(error.code, code)
      return true
    },
  )
}

// Whoever signs is trusted; what he signed must mean one thing.
test('two readings of one input: a member twice, under a good signature → refused', async () => {
  const request = await signRequest({
    keyPair,
    signer: { serial: '4a'.repeat(16), fingerprint: 'a'.repeat(64) },
    url,
    now,
    jti: 'j'.repeat(22),
    body: { csr: 'AAAA', replaces: [], report: undefined } as never,
  })
  const bundle = JSON.parse(
    await signTrustBundle(
      { sequence: 1, trustDomain: 'x.test', roots: [root], distrusted: [] },
      { certificate: root, keyPair, now },
    ),
  ) as FlattenedJws
  const trust = { rootFingerprint: root.fingerprint }
  const token = await createEnrolmentToken({
    keyPair,
    issuerUrl: 'https://issuer.test',
    rootFingerprint: root.fingerprint,
    identity: 'web-1',
    profile: 'server',
    names: ['dns:web-1.test'],
    jti: 'j'.repeat(22),
    now,
  })
  const [header = '', claims = '', signature = ''] = token.split('.')
  const head = await signAuditHead(
    { number: 1, hash: 'b'.repeat(64), at: now, trustDomain: 'x.test' },
    { certificate: root, signer: keySigner(keyPair) },
  )
  const { publicKey } = keyPair
  const tokenOptions = { publicKey, issuerUrl: 'https://issuer.test', now }
  // They are good as they were signed.
  await verifyTrustBundle(JSON.stringify(bundle), trust)
  await verifyEnrolmentToken(token, tokenOptions)
  assert.ok(readAuditHead(head))

  for (const part of parts) {
    const twice = resigned(request, part, keyPair)
    await assert.rejects(verifyRequest(twice, { publicKey, url, now }), /signed request has a member twice/)
    const bundleText = JSON.stringify(resigned(bundle, part, keyPair))
    await assertRefused(() => verifyTrustBundle(bundleText, trust), 'bundle-invalid')
    await assertRefused(() => readTrustBundle(bundleText), 'bundle-invalid')
    const jwt = resigned({ protected: header, payload: claims, signature }, part, keyPair)
    const text = `${jwt.protected}.${jwt.payload}.${jwt.signature}`
    await assertRefused(() => verifyEnrolmentToken(text, tokenOptions), 'token-invalid')
    await assertRefused(() => readEnrolmentToken(text), 'token-invalid')
    assert.equal(readAuditHead(resigned(head, part, keyPair)), undefined)
  }
  await assertRefused(() => readTrustBundle(repeated(JSON.stringify(bundle))), 'bundle-invalid')
})
