import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  drawSerial,
  formatName,
  generateKeyPair,
  type KeyType,
  keyTypes,
  lint,
  type ProfileName,
  parseCertificate,
  parseNames,
  prepareIssuing,
  profileNames,
  uniqueNames,
  verifyChain,
} from '../../src/index.ts'
import { requireSameReading } from '../../src/issuing/second-reading.ts'
import { makeHierarchy, testNow, testRandom } from '../support/hierarchy.ts'

const hierarchy = await makeHierarchy()
const prepared = new Map(
  await Promise.all(
    profileNames.map(
      async (profile) =>
        [profile, await prepareIssuing({ authority: hierarchy.authority, profile })] as const,
    ),
  ),
)
const keys = new Map(
  await Promise.all(keyTypes.map(async (type) => [type, await generateKeyPair(type)] as const)),
)

const label = fc.stringMatching(/^[a-z0-9](?:[a-z0-9]{0,20}[a-z])?$/)
const dnsName = fc
  .array(label, { minLength: 1, maxLength: 6 })
  .map((labels) => `dns:${[...labels, 'example'].join('.')}`)
const anyName = fc.oneof(
  dnsName,
  dnsName.map((name) => name.replace('dns:', 'dns:*.w.')),
  fc.ipV4(),
  fc.ipV6().filter((address) => !/^(0*:){5}ffff:|^::ffff:/i.test(address)),
  label.map((name) => `${name}@mail.example`),
)
const names = fc.array(anyName, { minLength: 1, maxLength: 20 })
const spiffeId = fc.option(
  label.map((segment) => `spiffe://corp.example/${segment}`),
  { nil: undefined },
)

test('fast path: any names, key, profile, time and life → read alike by @peculiar/x509 and OpenSSL, trusted, lint-free', async () => {
  await fc.assert(
    fc.asyncProperty(
      names,
      spiffeId,
      fc.constantFrom<KeyType>(...keyTypes),
      fc.constantFrom<ProfileName>(...profileNames),
      fc.integer({ min: 0, max: 89 * 86_400_000 }),
      fc.integer({ min: 10, max: 86_400 }),
      async (texts, id, type, profile, later, lifetimeSeconds) => {
        const profileIssuing = prepared.get(profile)
        const keyPair = keys.get(type)
        assert.ok(profileIssuing !== undefined && keyPair !== undefined)
        const wanted = uniqueNames(parseNames(id === undefined ? texts : [...texts, id]))
        const now = testNow + later
        const serial = drawSerial(testRandom)
        const identity = { name: 'web-1', names: wanted }
        const plan = profileIssuing.plan({
          identity,
          publicKey: keyPair.publicKey,
          serial,
          now,
          lifetimeSeconds,
        })
        const issued = await profileIssuing.issue(plan)

        const ours = parseCertificate(issued.der)
        assert.deepEqual(ours.names, wanted)
        assert.deepEqual([ours.serial, ours.fingerprint], [serial, issued.fingerprint])
        assert.deepEqual([ours.notBefore, ours.notAfter], [issued.notBefore, issued.notAfter])
        assert.ok(ours.notAfter - ours.notBefore <= 86_400_000)
        assert.equal(ours.publicKey.hash, keyPair.publicKey.hash)
        assert.deepEqual(lint(issued.der, { kind: 'leaf', profile, issuer: hierarchy.intermediate }), [])
        await requireSameReading(issued.der)

        const theirs = new X509Certificate(issued.der)
        assert.equal(theirs.serialNumber.toLowerCase(), serial)
        assert.equal(theirs.validToDate.getTime(), ours.notAfter)
        assert.ok(theirs.verify(hierarchy.intermediateKey.publicKey.key))
        assert.ok(theirs.checkIssued(new X509Certificate(hierarchy.intermediate.der)))
        assert.equal(theirs.subjectAltName?.split(', ').length, wanted.length)

        const purpose = profile === 'client' ? 'client' : 'server'
        const chain = [ours, hierarchy.intermediate]
        const verdict = verifyChain({
          chain,
          roots: [hierarchy.root],
          distrusted: [],
          now,
          purpose,
          names: wanted,
        })
        assert.deepEqual(verdict, { ok: true }, wanted.map(formatName).join())
      },
    ),
    { numRuns: 150 },
  )
})
