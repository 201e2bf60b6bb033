import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeNull } from '../../src/der/der-writer.ts'
import { oids } from '../../src/der/oids.ts'
import {
  type Certificate,
  dayMs,
  keySigner,
  type LintSubject,
  lint,
  type NameConstraints,
  parseNameRange,
  parseNames,
} from '../../src/index.ts'
import { requireSameReading } from '../../src/issuing/second-reading.ts'
import { encodeGeneralNames } from '../../src/names/general-names.ts'
import { encodeDistinguishedName } from '../../src/x509/distinguished-name.ts'
import { type CertificateContent, signCertificate } from '../../src/x509/encode-certificate.ts'
import { encodeExtension } from '../../src/x509/extension.ts'
import {
  type ExtendedKeyUsage,
  encodeAuthorityKeyId,
  encodeBasicConstraints,
  encodeExtendedKeyUsage,
  encodeKeyUsage,
  encodeSubjectKeyId,
  type KeyUsage,
} from '../../src/x509/extension-values.ts'
import { encodeNameConstraints } from '../../src/x509/name-constraints.ts'
import { issueLeaf, makeHierarchy } from '../support/hierarchy.ts'
import { rejectsCode } from '../support/throws-code.ts'

const constraints: NameConstraints = { permitted: [parseNameRange('dns:example')], excluded: [] }
const { root, intermediate, authority, rootKey, intermediateKey } = await makeHierarchy({
  nameConstraints: constraints,
})
const leaf = await issueLeaf(authority)

interface Changes extends Partial<CertificateContent> {
  /** Replaces, adds or (with `undefined`) removes extensions. */
  readonly with?: Readonly<Record<string, Uint8Array | undefined>>
}

/** The certificate with parts replaced, signed by the key that signed it. */
function alter(certificate: Certificate, changes: Changes): Promise<Uint8Array> {
  const { with: replaced = {}, ...content } = changes
  const kept = certificate.extensions.map(({ oid, critical, value }): [string, Uint8Array | undefined] => [
    oid,
    encodeExtension(oid, critical, value),
  ])
  const extensions = Object.values({ ...Object.fromEntries(kept), ...replaced }).filter(
    (value) => value !== undefined,
  )
  const signer = certificate === leaf ? keySigner(intermediateKey) : keySigner(rootKey)
  return signCertificate({ ...certificate, extensions, ...content }, signer)
}

const usage = (...usages: readonly KeyUsage[]) => encodeExtension(oids.keyUsage, true, encodeKeyUsage(usages))
const purposes = (...list: readonly ExtendedKeyUsage[]) =>
  encodeExtension(oids.extKeyUsage, false, encodeExtendedKeyUsage(list))
const names = (critical: boolean, ...texts: readonly string[]) =>
  encodeExtension(oids.subjectAltName, critical, encodeGeneralNames(parseNames(texts)))
const ca = (critical: boolean, pathLength?: number) =>
  encodeExtension(
    oids.basicConstraints,
    critical,
    encodeBasicConstraints(pathLength === undefined ? { isCa: true } : { isCa: true, pathLength }),
  )
const limits = (critical: boolean) =>
  encodeExtension(oids.nameConstraints, critical, encodeNameConstraints(constraints))
const otherId = '00'.repeat(20)

const ofLeaf: LintSubject = { kind: 'leaf', profile: 'server', issuer: intermediate }
const ofIntermediate: LintSubject = { kind: 'intermediate', issuer: root }
const ofRoot: LintSubject = { kind: 'root' }

const broken: Readonly<Record<string, readonly [Certificate, LintSubject, Changes]>> = {
  serial: [leaf, ofLeaf, { serial: '01' }],
  validity: [leaf, ofLeaf, { notAfter: leaf.notBefore }],
  'subject-key-id': [
    leaf,
    ofLeaf,
    {
      with: {
        [oids.subjectKeyIdentifier]: encodeExtension(
          oids.subjectKeyIdentifier,
          false,
          encodeSubjectKeyId(otherId),
        ),
      },
    },
  ],
  'subject-key-id-plain': [leaf, ofLeaf, { with: { [oids.subjectKeyIdentifier]: undefined } }],
  'basic-constraints-critical': [root, ofRoot, { with: { [oids.basicConstraints]: ca(false) } }],
  'key-usage-critical': [
    leaf,
    ofLeaf,
    {
      with: { [oids.keyUsage]: encodeExtension(oids.keyUsage, false, encodeKeyUsage(['digitalSignature'])) },
    },
  ],
  'only-known-extensions': [
    leaf,
    ofLeaf,
    { with: { '1.2.3.4': encodeExtension('1.2.3.4', false, encodeNull()) } },
  ],
  ca: [
    intermediate,
    ofIntermediate,
    {
      with: {
        [oids.basicConstraints]: encodeExtension(
          oids.basicConstraints,
          true,
          encodeBasicConstraints({ isCa: false }),
        ),
      },
    },
  ],
  'ca-key-usage': [root, ofRoot, { with: { [oids.keyUsage]: usage('keyCertSign') } }],
  'ca-common-name': [root, ofRoot, { subjectDer: encodeDistinguishedName(undefined) }],
  'constrained-addresses': [root, ofRoot, { with: { [oids.nameConstraints]: limits(true) } }],
  'name-constraints-critical': [root, ofRoot, { with: { [oids.nameConstraints]: limits(false) } }],
  'root-self-issued': [root, ofRoot, { issuerDer: intermediate.subjectDer }],
  'root-path-length': [root, ofRoot, { with: { [oids.basicConstraints]: ca(true, 1) } }],
  'root-life': [root, ofRoot, { notAfter: root.notAfter + dayMs }],
  'intermediate-path-length': [intermediate, ofIntermediate, { with: { [oids.basicConstraints]: ca(true) } }],
  'intermediate-purposes': [
    intermediate,
    ofIntermediate,
    { with: { [oids.extKeyUsage]: purposes('serverAuth') } },
  ],
  'intermediate-life': [intermediate, ofIntermediate, { notAfter: intermediate.notAfter + dayMs }],
  'intermediate-not-self-issued': [intermediate, ofIntermediate, { subjectDer: root.subjectDer }],
  'leaf-not-ca': [leaf, ofLeaf, { with: { [oids.basicConstraints]: ca(true) } }],
  'leaf-key-usage': [
    leaf,
    ofLeaf,
    { with: { [oids.keyUsage]: usage('digitalSignature', 'keyEncipherment') } },
  ],
  'leaf-purposes': [leaf, ofLeaf, { with: { [oids.extKeyUsage]: purposes('clientAuth') } }],
  'leaf-life': [leaf, ofLeaf, { notAfter: leaf.notBefore + dayMs + 1000 }],
  'leaf-names': [leaf, ofLeaf, { with: { [oids.subjectAltName]: undefined } }],
  'leaf-common-name': [leaf, ofLeaf, { subjectDer: encodeDistinguishedName('other.example') }],
  'leaf-names-critical': [leaf, ofLeaf, { with: { [oids.subjectAltName]: names(true, 'web-1.example') } }],
  'leaf-svid': [
    leaf,
    ofLeaf,
    { with: { [oids.subjectAltName]: names(false, 'spiffe://a/b', 'https://web.example/') } },
  ],
  'leaf-svid-path': [
    leaf,
    ofLeaf,
    { with: { [oids.subjectAltName]: names(false, 'spiffe://corp.example') } },
  ],
  'leaf-no-revocation': [leaf, ofLeaf, { with: { [oids.noRevAvail]: undefined } }],
  'authority-key-id': [leaf, ofLeaf, { with: { [oids.authorityKeyIdentifier]: undefined } }],
  'authority-key-id-plain': [
    leaf,
    ofLeaf,
    {
      with: {
        [oids.authorityKeyIdentifier]: encodeExtension(
          oids.authorityKeyIdentifier,
          true,
          encodeAuthorityKeyId(otherId),
        ),
      },
    },
  ],
  'issuer-key-id': [
    leaf,
    ofLeaf,
    {
      with: {
        [oids.authorityKeyIdentifier]: encodeExtension(
          oids.authorityKeyIdentifier,
          false,
          encodeAuthorityKeyId(otherId),
        ),
      },
    },
  ],
  'issuer-name': [leaf, ofLeaf, { issuerDer: root.subjectDer }],
  'issuer-life': [leaf, ofLeaf, { notAfter: intermediate.notAfter + 1000 }],
  'issuer-constraints': [leaf, ofLeaf, { with: { [oids.subjectAltName]: names(false, 'web-1.elsewhere') } }],
}

for (const [rule, [certificate, subject, changes]] of Object.entries(broken)) {
  test(`lint ${rule}: a ${subject.kind} that breaks it → is found`, async () => {
    const findings = lint(await alter(certificate, changes), subject)
    assert.ok(
      findings.some((finding) => finding.rule === rule && finding.message !== ''),
      JSON.stringify(findings),
    )
  })
}

test('lint: what is issued → nothing is found, and neither after it was taken apart and put together', async () => {
  for (const [certificate, subject] of [
    [root, ofRoot],
    [intermediate, ofIntermediate],
    [leaf, ofLeaf],
  ] as const) {
    assert.deepEqual(lint(certificate.der, subject), [])
    assert.deepEqual(lint(await alter(certificate, {}), subject), [])
  }
})

test('lint: what cannot be read → one finding', () => {
  assert.deepEqual(
    lint(new Uint8Array(3), ofLeaf).map(({ rule }) => rule),
    ['readable'],
  )
})

test('lint: a CA:TRUE leaf, and a leaf as intermediate → found as what they are', async () => {
  const asIntermediate = lint(leaf.der, ofIntermediate).map(({ rule }) => rule)
  for (const rule of ['ca', 'ca-key-usage', 'intermediate-path-length'])
    assert.ok(asIntermediate.includes(rule), rule)
})

test('requireSameReading: issued certificates → read alike by @peculiar/x509; broken bytes → refused', async () => {
  for (const certificate of [root, intermediate, leaf]) await requireSameReading(certificate.der)
  await rejectsCode(requireSameReading(new Uint8Array(3)), 'certificate-invalid')
})
