import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { encodeNull, encodeSequence } from '../../src/der/der-writer.ts'
import { oids } from '../../src/der/oids.ts'
import {
  encodeCertificateChain,
  formatName,
  generateKeyPair,
  isMayflyError,
  isSignedBy,
  keyOfOwnCertificate,
  keySigner,
  keyTypes,
  parseCertificate,
  parseCertificateChain,
  readPublicKey,
  showCertificate,
  signatureAlgorithmOf,
} from '../../src/index.ts'
import { encodeDistinguishedName } from '../../src/x509/distinguished-name.ts'
import {
  type CertificateContent,
  encodeSigned,
  encodeTbs,
  signCertificate,
} from '../../src/x509/encode-certificate.ts'
import { encodeExtension } from '../../src/x509/extension.ts'
import { encodeBasicConstraints, encodeKeyUsage } from '../../src/x509/extension-values.ts'
import { issueLeaf, makeHierarchy, testNow } from '../support/hierarchy.ts'
import { openssl } from '../support/openssl.ts'
import { rejectsCode, throwsCode } from '../support/throws-code.ts'

const hierarchy = await makeHierarchy()
const leaf = await issueLeaf(hierarchy.authority, {
  names: ['web-1.example', '192.0.2.1', 'spiffe://corp.example/web'],
})
const keyPair = await generateKeyPair('ec-p256')

test('parseCertificate: a leaf → what OpenSSL reads in it', () => {
  const theirs = new X509Certificate(leaf.der)
  assert.equal(leaf.serial, theirs.serialNumber.toLowerCase())
  assert.equal(leaf.fingerprint, theirs.fingerprint256.replaceAll(':', '').toLowerCase())
  assert.equal(leaf.notBefore, theirs.validFromDate.getTime())
  assert.equal(leaf.notAfter, theirs.validToDate.getTime())
  assert.equal(theirs.subject, 'CN=web-1.example')
  assert.equal(leaf.subject, 'CN=web-1.example')
  assert.equal(
    theirs.subjectAltName,
    'DNS:web-1.example, IP Address:192.0.2.1, URI:spiffe://corp.example/web',
  )
  assert.deepEqual(leaf.names.map(formatName), [
    'dns:web-1.example',
    'ip:192.0.2.1',
    'uri:spiffe://corp.example/web',
  ])
  assert.equal(leaf.isCa, theirs.ca)
  assert.ok(isSignedBy(leaf, hierarchy.intermediate))
  assert.ok(!isSignedBy(leaf, hierarchy.root))
})

test('keyOfOwnCertificate: leaves with keys of every type → the key that parseCertificate finds', async () => {
  for (const type of keyTypes) {
    const own = await generateKeyPair(type)
    const { der } = await issueLeaf(hierarchy.authority, { keyPair: own })
    assert.deepEqual(keyOfOwnCertificate(der), readPublicKey(own.publicKey.spki))
  }
  throwsCode(() => keyOfOwnCertificate(leaf.der.subarray(0, 100)), 'der-invalid')
})

test('parseCertificate: its input is written to afterwards → nothing changes', () => {
  const input = Buffer.from(leaf.der)
  const certificate = parseCertificate(input)
  input.fill(0)
  assert.deepEqual(certificate, leaf)
})

test('parseCertificateChain: what encodeCertificateChain writes → is read back in order', () => {
  const chain = [leaf, hierarchy.intermediate]
  assert.deepEqual(
    parseCertificateChain(encodeCertificateChain(chain)).map(({ fingerprint }) => fingerprint),
    chain.map(({ fingerprint }) => fingerprint),
  )
  throwsCode(() => parseCertificateChain(''), 'pem-invalid')
  throwsCode(() => parseCertificateChain(leaf.pem.repeat(33)), 'pem-invalid')
})

const content: CertificateContent = {
  serial: '40'.padEnd(32, '0'),
  issuerDer: encodeDistinguishedName('Test'),
  subjectDer: encodeDistinguishedName('Test'),
  notBefore: testNow,
  notAfter: testNow + 1_000_000,
  publicKey: keyPair.publicKey,
  extensions: [encodeExtension(oids.basicConstraints, true, encodeBasicConstraints({ isCa: true }))],
}
const make = (changes: Partial<CertificateContent>): Promise<Uint8Array> =>
  signCertificate({ ...content, ...changes }, keySigner(keyPair))

test('certificate: nothing changed → is read (so that the refusals below are for their own reason)', async () => {
  assert.equal(parseCertificate(await make({})).serial, content.serial)
})

const keyUsage = encodeExtension(oids.keyUsage, true, encodeKeyUsage(['digitalSignature']))
const refused: Readonly<Record<string, Partial<CertificateContent>>> = {
  'a serial number of 0': { serial: '00' },
  'a serial number of 21 octets': { serial: '40'.padEnd(42, '0') },
  'a validity that ends before it starts': { notAfter: testNow - 1000 },
  'an extension twice': { extensions: [keyUsage, keyUsage] },
  'an unknown critical extension': { extensions: [encodeExtension('1.2.3.4', true, encodeNull())] },
  'no extension at all': { extensions: [] },
  'a path length without the CA flag': {
    extensions: [encodeExtension(oids.basicConstraints, true, encodeSequence(Uint8Array.of(2, 1, 0)))],
  },
  'CA:FALSE written out': {
    extensions: [encodeExtension(oids.basicConstraints, true, encodeSequence(Uint8Array.of(1, 1, 0)))],
  },
  'a critical name constraint of a kind that is not known': {
    extensions: [
      encodeExtension(oids.nameConstraints, true, encodeSequence(Uint8Array.of(0xa0, 4, 0x30, 2, 0x88, 0))),
    ],
  },
}

for (const [what, changes] of Object.entries(refused)) {
  test(`ASN.1: a certificate with ${what} → certificate-invalid`, async () => {
    const der = await make(changes)
    throwsCode(() => parseCertificate(der), 'certificate-invalid')
  })
}

test('ASN.1: an unknown extension that is not critical → is read', async () => {
  const der = await make({ extensions: [keyUsage, encodeExtension('1.2.3.4', false, encodeNull())] })
  assert.equal(parseCertificate(der).extensions.length, 2)
})

test('two readings of one input: another algorithm outside than inside → certificate-invalid', () => {
  const tbs = encodeTbs(content, signatureAlgorithmOf('ec-p256'))
  const der = encodeSigned(tbs, signatureAlgorithmOf('ec-p384'), keySigner(keyPair).sign(tbs))
  throwsCode(() => parseCertificate(der), 'certificate-invalid')
})

test('two readings of one input: trailing bytes → certificate-invalid', () => {
  throwsCode(() => parseCertificate(Uint8Array.of(...leaf.der, 0)), 'certificate-invalid')
})

test('certificate of others: RSA-2048 → key-weak for us, and yet can be shown', async () => {
  const pem = openssl(
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'out', '-subj', '/CN=Other/O=Corp'],
    {},
  )
  throwsCode(() => parseCertificate(pem), 'key-weak')
  assert.match(await showCertificate(pem), /Subject: CN=Other, O=Corp/)
  await rejectsCode(showCertificate('nothing'), 'certificate-invalid')
  await rejectsCode(showCertificate(new Uint8Array(5)), 'certificate-invalid')
  await rejectsCode(showCertificate(new Uint8Array(100_000)), 'certificate-invalid')
})

test('log and metric injection through names: control characters in a subject → escaped', async () => {
  const subjectDer = Buffer.from(encodeDistinguishedName('Test name'))
  subjectDer[subjectDer.indexOf(' ')] = 0x0a
  const { subject } = parseCertificate(await make({ subjectDer }))
  assert.equal(subject, 'CN=Test\\0Aname')
})

test('a crash from a crafted field: any byte of a leaf changed → refused, or not signed by the intermediate', () => {
  fc.assert(
    fc.property(fc.nat(leaf.der.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const changed = Uint8Array.from(leaf.der)
      changed[at] = (changed[at] ?? 0) ^ flip
      try {
        assert.ok(!isSignedBy(parseCertificate(changed), hierarchy.intermediate), `byte ${at} may be changed`)
      } catch (error) {
        assert.ok(isMayflyError(error), String(error))
      }
    }),
    { numRuns: 1_500 },
  )
})
