import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FlattenedSign } from 'jose'
import { FakeRandom } from '../../../../test/fakes/fake-random.ts'
import {
  encodeTrustBundlePem,
  type KeyType,
  keyTypes,
  MayflyError,
  readTrustBundle,
  signTrustBundle,
  type TrustBundle,
  verifyTrustBundle,
} from '../../src/index.ts'
import { signIntermediate } from '../../src/issuing/intermediate.ts'
import { createRoot } from '../../src/issuing/root.ts'
import { jwsAlgorithmOf } from '../../src/keys/key-algorithms.ts'
import { generateKeyPair } from '../../src/keys/key-pair.ts'
import { keySigner } from '../../src/keys/signature.ts'
import { parseCertificateRequest } from '../../src/pkcs10/certificate-request.ts'
import { createCertificateRequest } from '../../src/pkcs10/create-request.ts'
import { parseCertificateChain } from '../../src/x509/parse-certificate.ts'

const now = Date.UTC(2026, 0, 1)
const random = new FakeRandom()
const trustDomain = 'corp.example'

async function makeRoot(commonName: string, type: KeyType = 'ec-p256') {
  const keyPair = await generateKeyPair(type)
  return { keyPair, certificate: await createRoot({ keyPair, commonName, now, random }), now }
}

const rootA = await makeRoot('Root A')
const rootB = await makeRoot('Root B')
const stranger = await makeRoot('Root A')

async function makeIntermediate() {
  const keyPair = await generateKeyPair('ec-p256')
  const request = parseCertificateRequest(await createCertificateRequest({ keyPair, commonName: 'Issuer' }))
  const root = { certificate: rootA.certificate, signer: keySigner(rootA.keyPair) }
  return { keyPair, certificate: await signIntermediate({ root, request, now, random }), now }
}

const intermediate = await makeIntermediate()
const held = bundleOf(3)
const rootFingerprint = rootA.certificate.fingerprint

function bundleOf(sequence: number, changes: Partial<TrustBundle> = {}): TrustBundle {
  return { sequence, trustDomain, roots: [rootA.certificate], distrusted: [], ...changes }
}

/** Signs any payload whatever, past the checks of `signTrustBundle`. */
async function signRaw(payload: unknown, header: object = {}, signer = rootA): Promise<string> {
  const jws = await new FlattenedSign(Buffer.from(JSON.stringify(payload)))
    .setProtectedHeader({
      typ: 'mayfly-bundle',
      alg: jwsAlgorithmOf(signer.keyPair.type),
      'x5t#S256': Buffer.from(signer.certificate.fingerprint, 'hex').toString('base64url'),
      iat: now / 1_000,
      ...header,
    })
    .sign(signer.keyPair.privateKey)
  return JSON.stringify(jws)
}

async function payloadOf(bundle: TrustBundle, signer = rootA) {
  const { payload } = JSON.parse(await signTrustBundle(bundle, signer))
  return JSON.parse(Buffer.from(payload, 'base64url').toString())
}

const refusal = (code: string) => (error: unknown) => error instanceof MayflyError && error.code === code

for (const type of keyTypes) {
  test(`bundle: signed by a root with ${type} → accepted by its fingerprint, and by a holder`, async () => {
    const root = await makeRoot('Root', type)
    const bundle = bundleOf(1, { roots: [root.certificate], distrusted: ['cd'.repeat(32)] })
    const text = await signTrustBundle(bundle, root)
    const byFingerprint = await verifyTrustBundle(text, { rootFingerprint: root.certificate.fingerprint })
    assert.deepEqual(
      byFingerprint.roots.map(({ fingerprint }) => fingerprint),
      [root.certificate.fingerprint],
    )
    assert.deepEqual(byFingerprint.distrusted, bundle.distrusted)
    assert.equal((await verifyTrustBundle(text, { held: bundle })).sequence, 1)
  })
}

test('bundle: payload → SPIFFE x509-svid JWKs with their certificates', async () => {
  const { keys, ...rest } = await payloadOf(held)
  assert.deepEqual(rest, { sequence: 3, trustDomain, distrusted: [] })
  assert.equal(keys[0].use, 'x509-svid')
  assert.equal(keys[0].kty, 'EC')
  assert.deepEqual(Buffer.from(keys[0].x5c[0], 'base64'), Buffer.from(rootA.certificate.der))
})

test('bundle: read unverified → its content and who says to have signed it', async () => {
  const { bundle, signerFingerprint, signedAt } = await readTrustBundle(await signTrustBundle(held, rootA))
  assert.deepEqual([bundle.sequence, signerFingerprint, signedAt], [3, rootFingerprint, now])
})

test('bundle: as PEM → the roots', async () => {
  const pem = encodeTrustBundlePem(bundleOf(1, { roots: [rootA.certificate, rootB.certificate] }))
  assert.deepEqual(
    parseCertificateChain(pem).map(({ fingerprint }) => fingerprint),
    [rootFingerprint, rootB.certificate.fingerprint],
  )
})

test('bundle: a root is replaced over three bundles → each accepted by the holder of the one before', async () => {
  const both = bundleOf(4, { roots: [rootA.certificate, rootB.certificate] })
  const second = await verifyTrustBundle(await signTrustBundle(both, rootA), { held })
  const onlyB = bundleOf(5, { roots: [rootB.certificate] })
  const third = await verifyTrustBundle(await signTrustBundle(onlyB, rootB), { held: second })
  assert.equal(third.sequence, 5)
  await assert.rejects(
    signTrustBundle(onlyB, rootB).then((text) => verifyTrustBundle(text, { held })),
    refusal('bundle-untrusted'),
  )
})

test('a bundle rolled back: a lower sequence than the held one → bundle-older', async () => {
  const text = await signTrustBundle(bundleOf(2), rootA)
  await assert.rejects(verifyTrustBundle(text, { held }), refusal('bundle-older'))
})

test('bundle: the same sequence with the same content → accepted; with another → bundle-invalid', async () => {
  const again = { ...rootA, now: now + 60_000 }
  assert.equal((await verifyTrustBundle(await signTrustBundle(bundleOf(3), again), { held })).sequence, 3)
  const other = await signTrustBundle(bundleOf(3, { distrusted: ['cd'.repeat(32)] }), rootA)
  await assert.rejects(verifyTrustBundle(other, { held }), refusal('bundle-invalid'))
})

test('bundle: another trust domain → bundle-invalid', async () => {
  const text = await signTrustBundle(bundleOf(4, { trustDomain: 'other.example' }), rootA)
  await assert.rejects(verifyTrustBundle(text, { held }), refusal('bundle-invalid'))
})

test('bundle: signed by a root that is held, and not in it → bundle-invalid', async () => {
  const text = await signRaw(await payloadOf(bundleOf(4, { roots: [rootB.certificate] }), rootB))
  await assert.rejects(verifyTrustBundle(text, { held }), refusal('bundle-invalid'))
})

test('a bundle emptied: without roots → bundle-invalid, when made and when read', async () => {
  await assert.rejects(signTrustBundle(bundleOf(4, { roots: [] }), rootA), refusal('bundle-invalid'))
  const text = await signRaw({ ...(await payloadOf(bundleOf(4))), keys: [] })
  await assert.rejects(verifyTrustBundle(text, { held }), refusal('bundle-invalid'))
  await assert.rejects(verifyTrustBundle('', { held }), refusal('bundle-invalid'))
  await assert.rejects(verifyTrustBundle('{}', { held }), refusal('bundle-invalid'))
})

test('a bundle signed by the intermediate: as itself → bundle-untrusted', async () => {
  const text = await signRaw(await payloadOf(bundleOf(4)), {}, intermediate)
  await assert.rejects(verifyTrustBundle(text, { held }), refusal('bundle-untrusted'))
  await assert.rejects(verifyTrustBundle(text, { rootFingerprint }), refusal('bundle-untrusted'))
})

test('a bundle signed by the intermediate: in the name of the root → bundle-untrusted', async () => {
  const header = { 'x5t#S256': Buffer.from(rootFingerprint, 'hex').toString('base64url') }
  const text = await signRaw(await payloadOf(bundleOf(4)), header, intermediate)
  await assert.rejects(verifyTrustBundle(text, { held }), refusal('bundle-untrusted'))
})

test('bundle: by an unknown root of the same name, alone or beside the true one → bundle-untrusted', async () => {
  const roots = [stranger.certificate, rootA.certificate]
  for (const bundle of [bundleOf(4, { roots: roots.slice(0, 1) }), bundleOf(4, { roots })]) {
    const text = await signTrustBundle(bundle, stranger)
    await assert.rejects(verifyTrustBundle(text, { held }), refusal('bundle-untrusted'))
    await assert.rejects(verifyTrustBundle(text, { rootFingerprint }), refusal('bundle-untrusted'))
  }
})

test('a non-CA certificate trusted as one: a bundle with a certificate that is no root → bundle-invalid', async () => {
  const bundle = bundleOf(4, { roots: [rootA.certificate, intermediate.certificate] })
  await assert.rejects(signTrustBundle(bundle, rootA), refusal('bundle-invalid'))
})

test('two readings of one input: a JWK in a bundle that is not the key of its certificate → bundle-invalid', async () => {
  const payload = await payloadOf(bundleOf(4, { roots: [rootA.certificate, rootB.certificate] }))
  payload.keys[1] = { ...payload.keys[0], x5c: payload.keys[1].x5c }
  await assert.rejects(verifyTrustBundle(await signRaw(payload), { held }), refusal('bundle-invalid'))
})

test('bundle: tampered → bundle-untrusted', async () => {
  const jws = JSON.parse(await signTrustBundle(bundleOf(4), rootA))
  const payload = await payloadOf(bundleOf(9))
  const text = JSON.stringify({ ...jws, payload: Buffer.from(JSON.stringify(payload)).toString('base64url') })
  await assert.rejects(verifyTrustBundle(text, { held }), refusal('bundle-untrusted'))
})

test('alg none or confused: a bundle with alg none, HMAC, or another than the root has → bundle-untrusted', async () => {
  const jws = JSON.parse(await signTrustBundle(bundleOf(4), rootA))
  const header = JSON.parse(Buffer.from(jws.protected, 'base64url').toString())
  for (const alg of ['none', 'HS256', 'ES384', 'PS256']) {
    const altered = Buffer.from(JSON.stringify({ ...header, alg })).toString('base64url')
    const text = JSON.stringify({ ...jws, protected: altered })
    await assert.rejects(verifyTrustBundle(text, { held }), refusal('bundle-untrusted'))
  }
})

// The sequence is what makes a bundle age.
for (const [what, changes] of Object.entries({
  'without a sequence': { sequence: undefined },
  'with sequence 0': { sequence: 0 },
  'with a sequence as text': { sequence: '4' },
  'without a list of the distrusted': { distrusted: undefined },
  'with a short distrusted hash': { distrusted: ['cd'] },
  'without a trust domain': { trustDomain: undefined },
  'with an unknown member': { expires: 1 },
})) {
  test(`a missing expiry treated as none: a bundle ${what} → bundle-invalid`, async () => {
    const text = await signRaw({ ...(await payloadOf(bundleOf(4))), ...changes })
    await assert.rejects(verifyTrustBundle(text, { held }), refusal('bundle-invalid'))
  })
}

test('bundle: a header of another type, without a time, with a key → bundle-invalid', async () => {
  for (const header of [
    { typ: 'mayfly-request' },
    { iat: undefined },
    { jwk: {} },
    { 'x5t#S256': undefined },
  ]) {
    const text = await signRaw(await payloadOf(bundleOf(4)), header)
    await assert.rejects(verifyTrustBundle(text, { held }), refusal('bundle-invalid'))
  }
})

test('bundle: too long, or one root twice → bundle-invalid', async () => {
  await assert.rejects(verifyTrustBundle('x'.repeat(600_000), { held }), refusal('bundle-invalid'))
  const twice = bundleOf(4, { roots: [rootA.certificate, rootA.certificate] })
  await assert.rejects(signTrustBundle(twice, rootA), refusal('bundle-invalid'))
})

test('signing a bundle: without the signer in it, or with the key of another → refused', async () => {
  await assert.rejects(
    signTrustBundle(bundleOf(4, { roots: [rootB.certificate] }), rootA),
    refusal('bundle-invalid'),
  )
  const mixed = { ...rootA, keyPair: rootB.keyPair }
  await assert.rejects(signTrustBundle(held, mixed), refusal('key-mismatch'))
})
