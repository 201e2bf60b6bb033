import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { oids } from '../../src/der/oids.ts'
import {
  generateKeyPair,
  keySigner,
  parseCertificate,
  parseNameRange,
  parseNames,
  uniqueNames,
  verifyChain,
} from '../../src/index.ts'
import { encodeGeneralNames } from '../../src/names/general-names.ts'
import { encodeDistinguishedName } from '../../src/x509/distinguished-name.ts'
import { signCertificate } from '../../src/x509/encode-certificate.ts'
import { encodeExtension } from '../../src/x509/extension.ts'
import {
  encodeBasicConstraints,
  encodeExtendedKeyUsage,
  encodeKeyUsage,
} from '../../src/x509/extension-values.ts'
import { closeAddressGap, encodeNameConstraints, namesForbidden } from '../../src/x509/name-constraints.ts'
import { makeHierarchy, testNow } from '../support/hierarchy.ts'
import { openssl } from '../support/openssl.ts'

const { root, rootKey } = await makeHierarchy()
const middleKey = await generateKeyPair('ec-p256')
const leafKey = await generateKeyPair('ec-p256')

const ranges = fc.constantFrom(
  'dns:a.example',
  'dns:b.a.example',
  'dns:example',
  'dns:c.example',
  'ip:10.0.0.0/8',
  'ip:10.128.0.0/9',
  'ip:0.0.0.0/0',
  'ip:2001:db8::/32',
  'uri:a.example',
  'uri:.a.example',
  'email:a.example',
  'email:.a.example',
)

const names = fc.constantFrom(
  'a.example',
  'b.a.example',
  'ba.example',
  'x.b.a.example',
  'c.example',
  'other.test',
  '10.1.2.3',
  '10.200.0.1',
  '192.0.2.1',
  '2001:db8::1',
  '2001:db9::1',
  'spiffe://a.example/web',
  'spiffe://b.a.example/web',
  'https://c.example/',
  'ann@a.example',
  'ann@b.a.example',
)

test('name constraints: any ranges and names → verifyChain says what openssl verify says', async () => {
  const lists = fc.record({
    permitted: fc.uniqueArray(ranges, { maxLength: 3 }),
    excluded: fc.uniqueArray(ranges, { maxLength: 2 }),
    held: fc.uniqueArray(names, { minLength: 1, maxLength: 3 }),
  })
  await fc.assert(
    fc.asyncProperty(lists, async ({ permitted, excluded, held }) => {
      fc.pre(permitted.length + excluded.length > 0)
      const constraints = { permitted: permitted.map(parseNameRange), excluded: excluded.map(parseNameRange) }
      const common = {
        serial: '41'.padEnd(32, '0'),
        notBefore: testNow - 1000,
        notAfter: testNow + 1_000_000,
      }
      const middle = await signCertificate(
        {
          ...common,
          issuerDer: root.subjectDer,
          subjectDer: encodeDistinguishedName('Middle'),
          publicKey: middleKey.publicKey,
          extensions: [
            encodeExtension(
              oids.basicConstraints,
              true,
              encodeBasicConstraints({ isCa: true, pathLength: 0 }),
            ),
            encodeExtension(oids.keyUsage, true, encodeKeyUsage(['keyCertSign'])),
            encodeExtension(oids.nameConstraints, true, encodeNameConstraints(constraints)),
          ],
        },
        keySigner(rootKey),
      )
      const leaf = await signCertificate(
        {
          ...common,
          issuerDer: encodeDistinguishedName('Middle'),
          subjectDer: encodeDistinguishedName(undefined),
          publicKey: leafKey.publicKey,
          extensions: [
            encodeExtension(oids.keyUsage, true, encodeKeyUsage(['digitalSignature'])),
            encodeExtension(oids.extKeyUsage, false, encodeExtendedKeyUsage(['serverAuth'])),
            encodeExtension(oids.subjectAltName, true, encodeGeneralNames(uniqueNames(parseNames(held)))),
          ],
        },
        keySigner(middleKey),
      )
      const chain = [parseCertificate(leaf), parseCertificate(middle)]
      const verdict = verifyChain({ chain, roots: [root], distrusted: [], now: testNow, purpose: 'server' })
      assert.equal(verdict.ok, opensslTrusts(root.pem, chain[1]?.pem ?? '', chain[0]?.pem ?? ''))
    }),
    { numRuns: 60 },
  )
})

function opensslTrusts(rootPem: string, middlePem: string, leafPem: string): boolean {
  const at = ['-attime', String(testNow / 1000), '-no-CApath', '-no-CAstore']
  const args = ['verify', ...at, '-CAfile', 'root', '-untrusted', 'middle', 'leaf']
  try {
    return openssl(args, { root: rootPem, middle: middlePem, leaf: leafPem }).includes('OK')
  } catch (error) {
    assert.match(String(error), /subtree violation/)
    return false
  }
}

test('closeAddressGap: DNS alone → addresses excluded; addresses listed, or no DNS permitted → as it was', () => {
  const only = (permitted: readonly string[], excluded: readonly string[] = []) => ({
    permitted: permitted.map(parseNameRange),
    excluded: excluded.map(parseNameRange),
  })
  const all = ['ip:0.0.0.0/0', 'ip:::/0']
  assert.deepEqual(closeAddressGap(only(['dns:a.example'])), only(['dns:a.example'], all))
  const oneNetwork = only(['dns:a.example'], ['ip:10.0.0.0/8'])
  assert.deepEqual(closeAddressGap(oneNetwork), only(['dns:a.example'], ['ip:10.0.0.0/8', ...all]))
  for (const closed of [only(['dns:a.example', 'ip:10.0.0.0/8']), only(['dns:a.example'], all)]) {
    assert.deepEqual(closeAddressGap(closed), closed)
  }
  assert.deepEqual(closeAddressGap(only(['uri:a.example'])), only(['uri:a.example']))
})

test('IP SANs: IPv4 networks permitted → every IPv6 address is forbidden (RFC 5280 4.2.1.10)', () => {
  const constraints = { permitted: [parseNameRange('ip:10.0.0.0/8')], excluded: [] }
  assert.equal(namesForbidden(constraints, parseNames(['2001:db8::1', '10.0.0.1'])).length, 1)
})
