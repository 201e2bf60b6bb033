import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  addSeconds,
  drawSerial,
  encodePem,
  formatName,
  generateKeyPair,
  type IssuedLeaf,
  type KeyPair,
  type KeyType,
  keyTypes,
  lint,
  type PreparedProfile,
  type ProfileName,
  parseCertificate,
  prepareIssuing,
  profileNames,
  signatureAlgorithmOf,
  verifyChain,
} from '../../src/index.ts'
import type { LeafPlan } from '../../src/issuing/prepare-issuing.ts'
import { requireSameReading } from '../../src/issuing/second-reading.ts'
import { encodeDistinguishedName } from '../../src/x509/distinguished-name.ts'
import { encodeSigned, encodeTbs } from '../../src/x509/encode-certificate.ts'
import { encodeExtension } from '../../src/x509/extension.ts'
import { makeHierarchy, testNow, testRandom } from '../support/hierarchy.ts'
import { type LeafCase, laterMs, leafCase } from '../support/leaf-cases.ts'
import { openssl, opensslKeyTypes } from '../support/openssl.ts'
import { readTexts } from '../support/openssl-text.ts'

const hierarchy = await makeHierarchy()
const prepared = Object.fromEntries(
  await Promise.all(
    profileNames.map(async (profile) => [
      profile,
      await prepareIssuing({ authority: hierarchy.authority, profile }),
    ]),
  ),
) as Record<ProfileName, PreparedProfile>
const keys = Object.fromEntries(
  await Promise.all(keyTypes.map(async (type) => [type, await generateKeyPair(type)])),
) as Record<KeyType, KeyPair>

interface Made {
  readonly wanted: LeafCase
  readonly plan: LeafPlan
  readonly issued: IssuedLeaf
}

async function make(wanted: LeafCase, now: number): Promise<Made> {
  const { plan, issue } = prepared[wanted.profile]
  const leaf = plan({
    identity: { name: 'web-1', names: wanted.names },
    publicKey: keys[wanted.keyType].publicKey,
    serial: drawSerial(testRandom, now),
    now,
    lifetimeSeconds: wanted.lifetimeSeconds,
  })
  return { wanted, plan: leaf, issued: await issue(leaf) }
}

test('fast path: any names, key, profile, time and life → read back as wanted, trusted, lint-free', async () => {
  await fc.assert(
    fc.asyncProperty(leafCase(keyTypes), laterMs, async (wanted, later) => {
      const now = testNow + later
      const { names, profile, keyType } = wanted
      const { issued, plan } = await make(wanted, now)

      const ours = parseCertificate(issued.der)
      assert.deepEqual(ours.names, names)
      assert.deepEqual([ours.serial, issued.serial], [plan.serial, plan.serial])
      assert.deepEqual([ours.notBefore, ours.notAfter], [issued.notBefore, issued.notAfter])
      assert.ok(ours.notAfter - ours.notBefore <= 86_400_000)
      assert.equal(ours.publicKey.hash, keys[keyType].publicKey.hash)
      assert.deepEqual(lint(issued.der, { kind: 'leaf', profile, issuer: hierarchy.intermediate }), [])
      await requireSameReading(issued.der)

      const theirs = new X509Certificate(issued.der)
      assert.equal(theirs.serialNumber.toLowerCase(), plan.serial)
      assert.equal(theirs.validToDate.getTime(), ours.notAfter)
      assert.ok(theirs.verify(hierarchy.intermediateKey.publicKey.key))
      assert.ok(theirs.checkIssued(new X509Certificate(hierarchy.intermediate.der)))
      assert.equal(theirs.subjectAltName?.split(', ').length, names.length)

      const purpose = profile === 'client' ? 'client' : 'server'
      const chain = [ours, hierarchy.intermediate]
      const verdict = verifyChain({ chain, roots: [hierarchy.root], distrusted: [], now, purpose, names })
      assert.deepEqual(verdict, { ok: true }, names.map(formatName).join())
    }),
    { numRuns: 150 },
  )
})

const batches = 3
const batchSize = 1_000

test('fast path: thousands of identities → the general writer and @peculiar/x509 find the same in each', async () => {
  const { publicKey, subjectDer } = hierarchy.intermediate
  const algorithm = signatureAlgorithmOf(publicKey.type)
  await fc.assert(
    fc.asyncProperty(leafCase(keyTypes), laterMs, async (wanted, later) => {
      const { plan, issued } = await make(wanted, testNow + later)
      const read = parseCertificate(issued.der)
      const extensions = read.extensions.map(({ oid, critical, value }) =>
        encodeExtension(oid, critical, value),
      )
      const commonName = encodeDistinguishedName(plan.commonName)
      const tbs = encodeTbs({ ...plan, issuerDer: subjectDer, subjectDer: commonName, extensions }, algorithm)
      assert.deepEqual(plan.tbs, tbs)
      assert.deepEqual(issued.der, encodeSigned(tbs, algorithm, read.signature))
      await requireSameReading(issued.der)
    }),
    { numRuns: batches * batchSize },
  )
})

test('fast path: thousands of identities → openssl verify -x509_strict trusts each, and reads what was wanted', async () => {
  const { root, intermediate } = hierarchy
  const batch = fc.array(leafCase(opensslKeyTypes), {
    minLength: batchSize,
    maxLength: batchSize,
    size: 'max',
  })
  await fc.assert(
    fc.asyncProperty(batch, laterMs, async (cases, later) => {
      const now = testNow + later
      const made = await Promise.all(cases.map((wanted) => make(wanted, now)))
      const pems = made.map(({ issued }) => encodePem('CERTIFICATE', issued.der))
      for (const profile of profileNames) {
        const leaves = pems.filter((_, index) => made[index]?.wanted.profile === profile)
        const names = leaves.map((_, index) => `leaf-${index}`)
        const files = Object.fromEntries(names.map((name, index) => [name, leaves[index] ?? '']))
        const purpose = profile === 'client' ? 'sslclient' : 'sslserver'
        const at = ['-attime', String(Math.floor(now / 1_000)), '-x509_strict', '-purpose', purpose]
        const chain = ['-no-CApath', '-no-CAstore', '-CAfile', 'root', '-untrusted', 'intermediate']
        const told = openssl(['verify', ...at, ...chain, ...names], {
          ...files,
          root: root.pem,
          intermediate: intermediate.pem,
        })
        assert.deepEqual(
          told.trimEnd().split('\n'),
          names.map((name) => `${name}: OK`),
        )
      }
      const texts = readTexts(
        openssl(['storeutl', '-noout', '-text', '-certs', 'leaves'], { leaves: pems.join('') }),
      )
      assert.equal(texts.length, batchSize)
      for (const [index, text] of texts.entries()) {
        const { wanted, plan } = made[index] as Made
        assert.deepEqual(text, {
          serial: plan.serial,
          notBefore: addSeconds(Math.floor(now / 1_000) * 1_000, -300),
          notAfter: plan.notAfter,
          commonName: plan.commonName,
          names: wanted.names.map(formatName),
          isAltNameCritical: plan.commonName === undefined,
        })
      }
    }),
    // A batch that fails is not made smaller: that would take hundreds of batches, and OpenSSL names the leaf.
    { numRuns: batches, endOnFailure: true },
  )
})
