import assert from 'node:assert/strict'
import { test } from 'node:test'
import { oids } from '../../src/der/oids.ts'
import {
  type Certificate,
  type ChainQuestion,
  dayMs,
  type ErrorCode,
  generateKeyPair,
  hourMs,
  type KeyPair,
  keySigner,
  type NameConstraints,
  parseCertificate,
  parseName,
  parseNameRange,
  parseNames,
  verifyChain,
} from '../../src/index.ts'
import { encodeGeneralNames } from '../../src/names/general-names.ts'
import { encodeDistinguishedName } from '../../src/x509/distinguished-name.ts'
import { signCertificate } from '../../src/x509/encode-certificate.ts'
import { encodeExtension } from '../../src/x509/extension.ts'
import {
  type ExtendedKeyUsage,
  encodeBasicConstraints,
  encodeExtendedKeyUsage,
  encodeKeyUsage,
  type KeyUsage,
} from '../../src/x509/extension-values.ts'
import { encodeNameConstraints } from '../../src/x509/name-constraints.ts'
import { issueLeaf, makeHierarchy, testNow } from '../support/hierarchy.ts'

const { root, rootKey, intermediate, intermediateKey, authority } = await makeHierarchy()
const leaf = await issueLeaf(authority)
const other = await makeHierarchy()

function question(changes: Partial<ChainQuestion> = {}): ChainQuestion {
  return {
    chain: [leaf, intermediate],
    roots: [root],
    distrusted: [],
    now: testNow,
    purpose: 'server',
    ...changes,
  }
}

function refused(changes: Partial<ChainQuestion>, code: ErrorCode, reason: RegExp): void {
  const verdict = verifyChain(question(changes))
  assert.ok(!verdict.ok, 'the chain was trusted')
  assert.equal(verdict.code, code)
  assert.match(verdict.reason, reason)
}

test('verifyChain: leaf and intermediate, with or without the root at the end → ok', () => {
  assert.deepEqual(verifyChain(question()), { ok: true })
  assert.deepEqual(verifyChain(question({ chain: [leaf, intermediate, root] })), { ok: true })
  assert.deepEqual(verifyChain(question({ roots: [other.root, root] })), { ok: true })
  assert.deepEqual(verifyChain(question({ purpose: 'any', names: [parseName('WEB-1.example.')] })), {
    ok: true,
  })
})

test('trust fails closed: no roots, an empty chain, the root alone, another root → chain-untrusted', () => {
  refused({ roots: [] }, 'chain-untrusted', /no root/)
  refused({ chain: [] }, 'chain-untrusted', /empty/)
  refused({ chain: [root] }, 'chain-untrusted', /is a root/)
  refused({ roots: [other.root] }, 'chain-untrusted', /not signed by a trusted root/)
  refused({ chain: [leaf] }, 'chain-untrusted', /not signed by a trusted root/)
  refused({ chain: [leaf, other.intermediate, root] }, 'chain-untrusted', /not signed by/)
  refused(
    { chain: [leaf, intermediate, intermediate, intermediate, intermediate] },
    'chain-untrusted',
    /more than/,
  )
})

test('trust fails closed: a root with the same name and another key → chain-untrusted', () => {
  assert.deepEqual(Buffer.from(root.subjectDer), Buffer.from(other.root.subjectDer))
  refused({ chain: [leaf, intermediate, other.root] }, 'chain-untrusted', /trusted root/)
})

test('distrusted: an intermediate of the distrust list → chain-untrusted', () => {
  refused({ distrusted: [intermediate.fingerprint] }, 'chain-untrusted', /distrusted/)
})

test('a missing expiry treated as none: before and after each validity → certificate-expired', () => {
  refused({ now: leaf.notBefore - 1 }, 'certificate-expired', /valid only from/)
  refused({ now: leaf.notAfter + 1 }, 'certificate-expired', /expired/)
  refused({ now: testNow + 91 * dayMs }, 'certificate-expired', /expired/)
  assert.deepEqual(verifyChain(question({ now: leaf.notAfter })), { ok: true })
})

test('purpose: a server is no client, and neither is a client a server → chain-untrusted', async () => {
  refused({ purpose: 'client' }, 'chain-untrusted', /not for clientAuth/)
  const client = await issueLeaf(authority, { profile: 'client' })
  refused({ chain: [client, intermediate] }, 'chain-untrusted', /not for serverAuth/)
  const peer = await issueLeaf(authority, { profile: 'peer' })
  for (const purpose of ['server', 'client', 'any'] as const) {
    assert.deepEqual(verifyChain(question({ chain: [peer, intermediate], purpose })), { ok: true })
  }
})

test('names: a name that the leaf lacks → name-mismatch', () => {
  refused({ names: parseNames(['web-2.example']) }, 'name-mismatch', /web-2/)
  refused({ names: parseNames(['web-1.example', '192.0.2.1']) }, 'name-mismatch', /192\.0\.2\.1/)
})

interface Made {
  readonly subject: string
  readonly by: { readonly certificate: Certificate; readonly key: KeyPair } | undefined
  readonly key: KeyPair
  readonly ca?: { readonly pathLength?: number } | false
  readonly keyUsage?: readonly KeyUsage[]
  readonly purposes?: readonly ExtendedKeyUsage[]
  readonly names?: readonly string[]
  readonly constraints?: NameConstraints
}

/** A certificate that no profile of ours would allow, so that the verification is tested and not the issuing. */
async function make(made: Made): Promise<Certificate> {
  const { ca = {}, keyUsage = ['keyCertSign'], purposes, names, constraints } = made
  const extensions = [
    ...(ca === false
      ? []
      : [encodeExtension(oids.basicConstraints, true, encodeBasicConstraints({ isCa: true, ...ca }))]),
    encodeExtension(oids.keyUsage, true, encodeKeyUsage(keyUsage)),
    ...(purposes === undefined
      ? []
      : [encodeExtension(oids.extKeyUsage, false, encodeExtendedKeyUsage(purposes))]),
    ...(names === undefined
      ? []
      : [encodeExtension(oids.subjectAltName, false, encodeGeneralNames(parseNames(names)))]),
    ...(constraints === undefined
      ? []
      : [encodeExtension(oids.nameConstraints, true, encodeNameConstraints(constraints))]),
  ]
  const subjectDer = encodeDistinguishedName(made.subject)
  const content = {
    serial: '41'.padEnd(32, '0'),
    subjectDer,
    issuerDer: made.by?.certificate.subjectDer ?? subjectDer,
    notBefore: testNow - hourMs,
    notAfter: testNow + hourMs,
    publicKey: made.key.publicKey,
    extensions,
  }
  return parseCertificate(await signCertificate(content, keySigner(made.by?.key ?? made.key)))
}

const key = await generateKeyPair('ec-p256')
const leafLike = {
  subject: 'leaf',
  key,
  ca: false,
  keyUsage: ['digitalSignature'],
  purposes: ['serverAuth'],
  names: ['web-1.example'],
} as const

test('a non-CA certificate trusted as one: a leaf signs a leaf → chain-untrusted', async () => {
  const holderKey = await generateKeyPair('ec-p256')
  const holder = await issueLeaf(authority, { keyPair: holderKey })
  const forged = await make({ ...leafLike, by: { certificate: holder, key: holderKey } })
  refused({ chain: [forged, holder, intermediate] }, 'chain-untrusted', /no authority/)
})

test('key usage ignored: an authority without keyCertSign → chain-untrusted', async () => {
  const middle = await make({
    subject: 'I',
    by: { certificate: root, key: rootKey },
    key,
    keyUsage: ['digitalSignature'],
  })
  const made = await make({ ...leafLike, by: { certificate: middle, key } })
  refused({ chain: [made, middle] }, 'chain-untrusted', /may not sign certificates/)
})

test('key usage ignored: a leaf without digitalSignature → chain-untrusted', async () => {
  const made = await make({
    ...leafLike,
    keyUsage: ['keyAgreement'],
    by: { certificate: intermediate, key: intermediateKey },
  })
  refused({ chain: [made, intermediate] }, 'chain-untrusted', /may not sign handshakes/)
})

test('path length: an authority below an intermediate with pathLen 0 → chain-untrusted', async () => {
  const below = await make({ subject: 'Below', by: { certificate: intermediate, key: intermediateKey }, key })
  const made = await make({ ...leafLike, by: { certificate: below, key } })
  refused({ chain: [made, below, intermediate] }, 'chain-untrusted', /allows 0 authorities below it/)
})

test('an authority as a leaf: an intermediate presented as a server → chain-untrusted', () => {
  refused({ chain: [intermediate] }, 'chain-untrusted', /is an authority, not a leaf/)
})

test('purposes along the chain: an intermediate for clients alone → no server under it', async () => {
  const middle = await make({
    subject: 'I',
    by: { certificate: root, key: rootKey },
    key,
    purposes: ['clientAuth'],
  })
  const made = await make({ ...leafLike, by: { certificate: middle, key } })
  refused({ chain: [made, middle] }, 'chain-untrusted', /"CN=I" is not for serverAuth/)
})

test('purposes: a leaf without any, or with anyExtendedKeyUsage alone → chain-untrusted', async () => {
  const by = { certificate: intermediate, key: intermediateKey }
  const { purposes: _, ...without } = leafLike
  refused({ chain: [await make({ ...without, by }), intermediate] }, 'chain-untrusted', /not for serverAuth/)
  const any = await make({ ...leafLike, purposes: ['anyExtendedKeyUsage'], by })
  refused({ chain: [any, intermediate] }, 'chain-untrusted', /not for serverAuth/)
})

const constraints = (permitted: readonly string[], excluded: readonly string[] = []): NameConstraints => ({
  permitted: permitted.map(parseNameRange),
  excluded: excluded.map(parseNameRange),
})

async function verdictUnder(limits: NameConstraints, names: readonly string[]): Promise<boolean> {
  const middle = await make({
    subject: 'I',
    by: { certificate: root, key: rootKey },
    key,
    constraints: limits,
  })
  const made = await make({ ...leafLike, names, by: { certificate: middle, key } })
  return verifyChain(question({ chain: [made, middle] })).ok
}

test('name constraints: inside → ok; outside, excluded, or a wildcard that reaches out → chain-untrusted', async () => {
  const limits = constraints(['dns:corp.example', 'ip:10.0.0.0/8'], ['dns:secret.corp.example'])
  for (const names of [
    ['a.corp.example'],
    ['corp.example', '10.1.2.3'],
    ['*.a.corp.example'],
    ['spiffe://x/y'],
  ]) {
    assert.ok(await verdictUnder(limits, names), names.join())
  }
  const outside = [
    'a.example',
    'acorp.example',
    '11.0.0.1',
    '2001:db8::1',
    'a.secret.corp.example',
    '*.corp.example',
  ]
  for (const name of outside) assert.ok(!(await verdictUnder(limits, ['a.corp.example', name])), name)
})

test('RFC 5280 4.2.1.10: constraints of the root bind the leaf too', async () => {
  const rootLike = await make({
    subject: 'R',
    by: undefined,
    key: rootKey,
    constraints: constraints(['dns:corp.example']),
  })
  const middle = await make({ subject: 'I', by: { certificate: rootLike, key: rootKey }, key })
  const made = await make({ ...leafLike, by: { certificate: middle, key } })
  const verdict = verifyChain(question({ chain: [made, middle], roots: [rootLike] }))
  assert.ok(!verdict.ok && /does not allow the names/.test(verdict.reason))
})

test('IP SANs (OpenBao CVE-2026-115369): a DNS-only constraint made by the ceremony leaves no address open', async () => {
  const closed = await makeHierarchy({ nameConstraints: constraints(['dns:corp.example']) })
  assert.deepEqual(
    closed.intermediate.nameConstraints?.excluded.map(({ value }) => value),
    ['0.0.0.0/0', '::/0'],
  )
  for (const name of ['192.0.2.1', '2001:db8::1']) {
    const made = await make({
      ...leafLike,
      names: ['a.corp.example', name],
      by: { certificate: closed.intermediate, key: closed.intermediateKey },
    })
    const verdict = verifyChain(question({ chain: [made, closed.intermediate], roots: [closed.root] }))
    assert.ok(!verdict.ok && /excluded/.test(verdict.reason), name)
  }
})
