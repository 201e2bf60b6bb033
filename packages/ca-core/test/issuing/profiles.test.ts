import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeRandom } from '../../../../test/fakes/fake-random.ts'
import { oids } from '../../src/der/oids.ts'
import {
  type Certificate,
  createCertificateRequest,
  createRoot,
  dayMs,
  drawSerial,
  generateKeyPair,
  keySigner,
  lint,
  parseCertificateRequest,
  parseNameRange,
  parseNames,
  prepareIssuing,
  signIntermediate,
  verifyIntermediateProfile,
} from '../../src/index.ts'
import { issueLeaf, makeHierarchy, testNow, testRandom } from '../support/hierarchy.ts'
import { rejectsCode, throwsCode } from '../support/throws-code.ts'

const hierarchy = await makeHierarchy()
const { root, rootKey, intermediate, intermediateKey, authority } = hierarchy
const leafKey = await generateKeyPair('ec-p256')

const criticalOf = ({ extensions }: Certificate): string[] =>
  extensions.filter(({ critical }) => critical).map(({ oid }) => oid)

test('root: exactly the profile table', () => {
  assert.equal(root.notBefore, testNow)
  assert.equal(root.notAfter, Date.UTC(2046, 5, 1, 12))
  assert.match(root.serial, /^[4-7][0-9a-f]{31}$/)
  assert.deepEqual([root.isCa, root.pathLength], [true, undefined])
  assert.deepEqual(root.keyUsage, ['keyCertSign', 'cRLSign'])
  assert.deepEqual(root.extendedKeyUsage, [])
  assert.deepEqual([root.subject, root.issuer], ['CN=Test Root', 'CN=Test Root'])
  assert.equal(root.authorityKeyId, undefined)
  assert.equal(root.subjectKeyId?.length, 40)
  assert.deepEqual(criticalOf(root), [oids.basicConstraints, oids.keyUsage])
})

test('intermediate: exactly the profile table', () => {
  assert.equal(intermediate.notBefore, testNow - 300_000)
  assert.equal(intermediate.notAfter, testNow - 300_000 + 90 * dayMs)
  assert.deepEqual([intermediate.isCa, intermediate.pathLength], [true, 0])
  assert.deepEqual(intermediate.keyUsage, ['keyCertSign', 'cRLSign'])
  assert.deepEqual(intermediate.extendedKeyUsage, ['serverAuth', 'clientAuth'])
  assert.equal(intermediate.authorityKeyId, root.subjectKeyId)
  assert.deepEqual(criticalOf(intermediate), [oids.basicConstraints, oids.keyUsage])
  verifyIntermediateProfile(intermediate, { root, publicKey: intermediateKey.publicKey, now: testNow })
})

const purposes = {
  server: ['serverAuth'],
  client: ['clientAuth'],
  peer: ['serverAuth', 'clientAuth'],
} as const

for (const profile of ['server', 'client', 'peer'] as const) {
  test(`${profile} leaf: exactly the profile table`, async () => {
    const leaf = await issueLeaf(authority, { profile, lifetimeSeconds: 86_400, keyPair: leafKey })
    assert.equal(leaf.notBefore, testNow - 300_000)
    assert.equal(leaf.notAfter, leaf.notBefore + dayMs)
    assert.equal(leaf.isCa, false)
    assert.deepEqual(leaf.keyUsage, ['digitalSignature'])
    assert.deepEqual(leaf.extendedKeyUsage, purposes[profile])
    assert.equal(leaf.authorityKeyId, intermediate.subjectKeyId)
    assert.equal(leaf.commonName, 'web-1.example')
    assert.deepEqual(criticalOf(leaf), [oids.basicConstraints, oids.keyUsage])
    assert.ok(leaf.extensions.some(({ oid, critical }) => oid === oids.noRevAvail && !critical))
    assert.deepEqual(lint(leaf.der, { kind: 'leaf', profile, issuer: intermediate }), [])
  })
}

test('leaf: a name over 64 characters → empty subject and critical names', async () => {
  const long = `${'a'.repeat(60)}.example`
  const leaf = await issueLeaf(authority, { names: [long] })
  assert.deepEqual([leaf.subject, leaf.commonName], ['', undefined])
  assert.ok(criticalOf(leaf).includes(oids.subjectAltName))
})

test('leaf: names of every kind → all in the SAN; the common name is the first DNS name', async () => {
  const names = ['192.0.2.1', 'b.example', 'a.example', 'ann@mail.example', 'https://web.example/']
  const leaf = await issueLeaf(authority, { names })
  assert.deepEqual(leaf.names, parseNames(names))
  assert.equal(leaf.commonName, 'b.example')
})

test('leaf: no DNS name → no common name, which would be held against DNS constraints', async () => {
  for (const name of ['192.0.2.1', 'ann@mail.example', 'spiffe://corp.example/web']) {
    const leaf = await issueLeaf(authority, { names: [name] })
    assert.deepEqual([leaf.subject, leaf.commonName], ['', undefined])
    assert.ok(criticalOf(leaf).includes(oids.subjectAltName))
  }
})

test('leaf with a SPIFFE ID: X.509-SVID: both purposes, no second URI', async () => {
  const leaf = await issueLeaf(authority, {
    profile: 'server',
    names: ['spiffe://corp.example/web', 'web.example'],
  })
  assert.deepEqual(leaf.extendedKeyUsage, ['serverAuth', 'clientAuth'])
  const names = ['spiffe://corp.example/web', 'https://web.example/']
  await rejectsCode(issueLeaf(authority, { names }), 'profile-violation')
})

test('leaf with the SPIFFE ID of a trust domain, without a path → profile-violation (X.509-SVID 3.1)', async () => {
  await rejectsCode(issueLeaf(authority, { names: ['spiffe://corp.example'] }), 'profile-violation')
})

test('leaf: no names, or more than fit → profile-violation', async () => {
  await rejectsCode(issueLeaf(authority, { names: [] }), 'profile-violation')
  const names = Array.from({ length: 101 }, (_, i) => `a${i}.example`)
  await rejectsCode(issueLeaf(authority, { names }), 'profile-violation')
})

test('leaf: life is what was asked, never over a day with its backdating, never past the issuer', async () => {
  assert.equal((await issueLeaf(authority, { lifetimeSeconds: 60 })).notAfter, testNow + 60_000)
  const late = intermediate.notAfter - 30_000
  assert.equal((await issueLeaf(authority, { now: late })).notAfter, intermediate.notAfter)
  assert.equal((await issueLeaf(authority, { now: testNow + 999 })).notAfter, testNow + 43_200_000)
})

test('leaf: an intermediate that ends in under ten seconds → authority-expired; not yet valid → clock-wrong', async () => {
  for (const now of [
    intermediate.notAfter - 8_000,
    intermediate.notAfter + 1,
    intermediate.notAfter + dayMs,
  ]) {
    await rejectsCode(issueLeaf(authority, { now }), 'authority-expired')
  }
  await rejectsCode(issueLeaf(authority, { now: intermediate.notBefore - 1 }), 'clock-wrong')
})

test('leaf: lifetimes and serials that no caller should give → TypeError', async () => {
  for (const lifetimeSeconds of [9, 86_401, Number.NaN, -1, Number.POSITIVE_INFINITY]) {
    await assert.rejects(issueLeaf(authority, { lifetimeSeconds }), TypeError)
  }
  const prepared = await prepareIssuing({ authority, profile: 'server' })
  const identity = { name: 'web-1', names: parseNames(['web-1.example']) }
  for (const serial of ['', '00', 'f'.repeat(32), '0'.repeat(32), '4'.repeat(34)]) {
    const order = { identity, publicKey: leafKey.publicKey, serial, now: testNow, lifetimeSeconds: 60 }
    assert.throws(() => prepared.plan(order), TypeError)
  }
})

test("leaf: for the issuer's own key → key-reused", async () => {
  await rejectsCode(issueLeaf(authority, { keyPair: intermediateKey }), 'key-reused')
})

test('plan: the same order twice → the same bytes; a plan of another authority → TypeError', async () => {
  const prepared = await prepareIssuing({ authority, profile: 'server' })
  const identity = { name: 'web-1', names: parseNames(['web-1.example']) }
  const serial = drawSerial(testRandom, testNow)
  const order = { identity, publicKey: leafKey.publicKey, serial, now: testNow, lifetimeSeconds: 60 }
  assert.deepEqual(prepared.plan(order), prepared.plan(order))
  const other = await prepareIssuing({ authority: (await makeHierarchy()).authority, profile: 'server' })
  await assert.rejects(other.issue(prepared.plan(order)), TypeError)
})

test('name constraints: an identity outside the intermediate → names-not-allowed, before anything is signed', async () => {
  const nameConstraints = { permitted: [parseNameRange('dns:corp.example')], excluded: [] }
  const constrained = await makeHierarchy({ nameConstraints })
  await issueLeaf(constrained.authority, { names: ['a.corp.example'] })
  for (const names of [['a.example'], ['a.corp.example', '192.0.2.1']]) {
    await rejectsCode(issueLeaf(constrained.authority, { names }), 'names-not-allowed')
  }
})

test('prepareIssuing: an authority with another key → key-mismatch; a root or leaf as authority → profile-violation', async () => {
  const wrongKey = { ...authority, signer: keySigner(leafKey) }
  await rejectsCode(prepareIssuing({ authority: wrongKey, profile: 'server' }), 'key-mismatch')
  const asRoot = { certificate: root, chain: [], signer: keySigner(rootKey) }
  await rejectsCode(prepareIssuing({ authority: asRoot, profile: 'server' }), 'profile-violation')
  const leaf = await issueLeaf(authority, { keyPair: leafKey })
  const asLeaf = { certificate: leaf, chain: [leaf], signer: keySigner(leafKey) }
  await rejectsCode(prepareIssuing({ authority: asLeaf, profile: 'server' }), 'profile-violation')
})

test('drawSerial: 16 octets, positive, and never short, whatever the randomness and the time', () => {
  for (const byte of [0x00, 0x7f, 0x80, 0xff]) {
    for (const now of [0, testNow, Date.UTC(2038, 0, 20), Date.UTC(2200, 0, 1)]) {
      const serial = drawSerial({ bytes: (count) => new Uint8Array(count).fill(byte) }, now)
      assert.match(serial, /^[4-7][0-9a-f]{31}$/)
      assert.equal(serial.slice(8), byte.toString(16).padStart(2, '0').repeat(12))
    }
  }
  assert.throws(() => drawSerial(new FakeRandom('dry', 0), testNow))
})

test('drawSerial: a later second → a later serial, and of one second no two are the same', () => {
  const first = drawSerial(testRandom, testNow)
  const second = drawSerial(testRandom, testNow)
  assert.equal(first.slice(0, 8), second.slice(0, 8))
  assert.notEqual(first, second)
  assert.ok(drawSerial(testRandom, testNow + 1_000) > first)
})

const rootParts = { certificate: root, signer: keySigner(rootKey) }
const requestFor = async (key = intermediateKey, names: readonly string[] = []) =>
  parseCertificateRequest(
    await createCertificateRequest({ keyPair: key, commonName: 'I', names: parseNames(names) }),
  )

test('an operator signs a wrong intermediate: wrong key of the root, own key of the root, names → refused', async () => {
  const common = { now: testNow, random: testRandom }
  const request = await requestFor()
  const wrongSigner = { certificate: root, signer: keySigner(leafKey) }
  await rejectsCode(signIntermediate({ ...common, root: wrongSigner, request }), 'key-mismatch')
  await rejectsCode(
    signIntermediate({ ...common, root: rootParts, request: await requestFor(rootKey) }),
    'key-reused',
  )
  const withNames = await requestFor(intermediateKey, ['web-1.example'])
  await rejectsCode(signIntermediate({ ...common, root: rootParts, request: withNames }), 'profile-violation')
})

test('an operator signs a wrong intermediate: life over 90 days, under an hour, or outside the root → refused', async () => {
  const common = { root: rootParts, request: await requestFor(), random: testRandom, now: testNow }
  for (const lifetimeSeconds of [91 * 86_400, 60, Number.NaN]) {
    await rejectsCode(signIntermediate({ ...common, lifetimeSeconds }), 'profile-violation')
  }
  await rejectsCode(signIntermediate({ ...common, now: root.notBefore - 1 }), 'authority-expired')
  await rejectsCode(signIntermediate({ ...common, now: root.notAfter + 1 }), 'authority-expired')
  const last = await signIntermediate({ ...common, now: root.notAfter - dayMs })
  assert.equal(last.notAfter, root.notAfter)
})

test('an operator signs a wrong intermediate: the name of the root → lint-failed', async () => {
  const options = { root: rootParts, request: await requestFor(), random: testRandom, now: testNow }
  await rejectsCode(signIntermediate({ ...options, commonName: 'Test Root' }), 'lint-failed')
  await rejectsCode(signIntermediate({ ...options, commonName: 'a\nb' }), 'name-invalid')
})

test('verifyIntermediateProfile: another key, another root, a leaf, expired → each its code', async () => {
  const other = await makeHierarchy()
  const check = { root, publicKey: intermediateKey.publicKey, now: testNow }
  throwsCode(
    () => verifyIntermediateProfile(intermediate, { ...check, publicKey: leafKey.publicKey }),
    'key-mismatch',
  )
  throwsCode(() => verifyIntermediateProfile(intermediate, { ...check, root: other.root }), 'chain-untrusted')
  throwsCode(() => verifyIntermediateProfile(root, { root, now: testNow }), 'profile-violation')
  const leaf = await issueLeaf(authority)
  throwsCode(() => verifyIntermediateProfile(leaf, { root: intermediate, now: testNow }), 'profile-violation')
  const late = { ...check, now: intermediate.notAfter + 1 }
  throwsCode(() => verifyIntermediateProfile(intermediate, late), 'certificate-expired')
})

test('root: a common name that is empty, over-long or has control characters → name-invalid', async () => {
  const keyPair = leafKey
  for (const commonName of ['', 'a'.repeat(65), 'a\0b', 'a\u001b[31m']) {
    await rejectsCode(createRoot({ keyPair, commonName, now: testNow, random: testRandom }), 'name-invalid')
  }
})

test('root made on 29 February, ending after 2049 → 20 years, as GeneralizedTime (RFC 5280 4.1.2.5)', async () => {
  const now = Date.UTC(2032, 1, 29)
  const made = await createRoot({ keyPair: leafKey, commonName: 'Röt', now, random: testRandom })
  assert.equal(made.notAfter, Date.UTC(2052, 1, 29))
  assert.equal(made.commonName, 'Röt')
  assert.ok(Buffer.from(made.der).includes('20520229000000Z'))
})
