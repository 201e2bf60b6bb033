import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  encodeBitString,
  encodeContextConstructed,
  encodeElement,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  encodeSmallInteger,
} from '../../src/der/der-writer.ts'
import { oids } from '../../src/der/oids.ts'
import {
  createCertificateRequest,
  encodeGeneralNames,
  encodePem,
  encodePrivateKey,
  formatName,
  generateKeyPair,
  isMayflyError,
  type KeyPair,
  keySigner,
  keyTypes,
  parseCertificateRequest,
  parseCertificateRequestPem,
  parseNames,
  requestBytesMax,
  showCertificateRequest,
  signatureAlgorithmOf,
} from '../../src/index.ts'
import { encodeDistinguishedName } from '../../src/x509/distinguished-name.ts'
import { encodeExtension } from '../../src/x509/extension.ts'
import { encodeBasicConstraints } from '../../src/x509/extension-values.ts'
import { loadPeculiar } from '../../src/x509/peculiar.ts'
import { openssl, opensslKeyTypes } from '../support/openssl.ts'
import { throwsCode } from '../support/throws-code.ts'

const names = parseNames(['web-1.example', '192.0.2.1', 'spiffe://corp.example/web'])
const keyPair = await generateKeyPair('ec-p256')

for (const type of keyTypes) {
  test(`${type}: a request is written, read back, and read alike by @peculiar/x509`, async () => {
    const pair = await generateKeyPair(type)
    const der = await createCertificateRequest({ keyPair: pair, commonName: 'web-1', names })
    const request = parseCertificateRequest(der)
    assert.equal(request.publicKey.hash, pair.publicKey.hash)
    assert.equal(request.commonName, 'web-1')
    assert.deepEqual(request.names, names)
    const { Pkcs10CertificateRequest } = await loadPeculiar()
    const theirs = new Pkcs10CertificateRequest(new Uint8Array(der).buffer)
    assert.equal(theirs.subject, 'CN=web-1')
    assert.deepEqual(Buffer.from(theirs.publicKey.rawData), Buffer.from(pair.publicKey.spki))
    assert.match(await showCertificateRequest(der), /DNS: web-1\.example\s+IP: 192\.0\.2\.1\s+URL: spiffe:/)
  })
}

for (const type of opensslKeyTypes) {
  test(`${type}: openssl req verifies our request, and we read the one that openssl makes`, async () => {
    const pair = await generateKeyPair(type)
    const der = await createCertificateRequest({ keyPair: pair, commonName: 'web-1', names })
    const text = openssl(['req', '-in', 'csr', '-verify', '-noout', '-text'], {
      csr: encodePem('CERTIFICATE REQUEST', der),
    })
    assert.match(text, /DNS:web-1\.example, IP Address:192\.0\.2\.1, URI:spiffe:\/\/corp\.example\/web/)
    const args = [
      'req',
      '-new',
      '-key',
      'key',
      '-subj',
      '/CN=web-1',
      type === 'ec-p384' ? '-sha384' : '-sha256',
      '-addext',
      'subjectAltName=DNS:web-1.example,IP:2001:db8::1',
    ]
    const request = parseCertificateRequestPem(openssl(args, { key: encodePrivateKey(pair) }))
    assert.deepEqual(request.names.map(formatName), ['dns:web-1.example', 'ip:2001:db8::1'])
  })
}

test('a request without names and common name → is read', async () => {
  const request = parseCertificateRequest(await createCertificateRequest({ keyPair }))
  assert.deepEqual([request.commonName, request.names], [undefined, []])
})

interface Parts {
  readonly version?: number
  readonly subject?: Uint8Array
  readonly spki?: Uint8Array
  readonly attributes?: readonly Uint8Array[]
  readonly more?: readonly Uint8Array[]
  readonly algorithm?: Uint8Array
  readonly signer?: KeyPair
}

/** A request with any part replaced, signed after the change. */
function forge(parts: Parts): Uint8Array {
  const info = encodeSequence(
    encodeSmallInteger(parts.version ?? 0),
    parts.subject ?? encodeDistinguishedName('web-1'),
    parts.spki ?? keyPair.publicKey.spki,
    encodeContextConstructed(0, ...(parts.attributes ?? [])),
    ...(parts.more ?? []),
  )
  const signature = keySigner(parts.signer ?? keyPair).sign(info)
  return encodeSequence(info, parts.algorithm ?? signatureAlgorithmOf('ec-p256'), encodeBitString(signature))
}

const attribute = (oid: string, ...values: readonly Uint8Array[]): Uint8Array =>
  encodeSequence(encodeOid(oid), encodeElement(0x31, ...values))

const asking = (...extensions: readonly Uint8Array[]): Uint8Array =>
  attribute(oids.extensionRequest, encodeSequence(...extensions))

const san = encodeExtension(oids.subjectAltName, false, encodeGeneralNames(names))

test('forge: nothing replaced → is read (so that the refusals below are for their own reason)', () => {
  assert.deepEqual(parseCertificateRequest(forge({ attributes: [asking(san)] })).names, names)
})

const refused: Readonly<Record<string, Parts>> = {
  'another version': { version: 1 },
  'CA:TRUE': {
    attributes: [
      asking(san, encodeExtension(oids.basicConstraints, true, encodeBasicConstraints({ isCa: true }))),
    ],
  },
  'an extension of no meaning to us': {
    attributes: [asking(encodeExtension('1.2.3.4', false, encodeOctetString(san)))],
  },
  'a critical extension of no meaning to us': { attributes: [asking(encodeExtension('1.2.3.4', true, san))] },
  'a subject alternative name twice': { attributes: [asking(san, san)] },
  'no extension in the extension request': { attributes: [asking()] },
  'two extension requests': { attributes: [asking(san), asking(san)] },
  'an extension request with two values': {
    attributes: [attribute(oids.extensionRequest, encodeSequence(san), encodeSequence(san))],
  },
  'an extension request without a value': { attributes: [attribute(oids.extensionRequest)] },
  'a challenge password': {
    attributes: [attribute('1.2.840.113549.1.9.7', encodeElement(0x0c, Buffer.from('secret')))],
  },
  'names in an attribute of no meaning to us': { attributes: [attribute('1.2.3.4', encodeSequence(san))] },
  'a field too many': { more: [encodeSmallInteger(1)] },
  'another signature algorithm': { algorithm: signatureAlgorithmOf('ec-p384') },
  'a name with a NUL': {
    attributes: [
      asking(
        encodeExtension(
          oids.subjectAltName,
          false,
          encodeSequence(encodeElement(0x82, Buffer.from('a.example\0.b.example'))),
        ),
      ),
    ],
  },
}

for (const [what, parts] of Object.entries(refused)) {
  test(`names or extensions copied from the request: ${what} → csr-invalid`, () => {
    throwsCode(() => parseCertificateRequest(forge(parts)), 'csr-invalid')
  })
}

test('proof of possession: signed by another key → proof-of-possession-failed', async () => {
  const signer = await generateKeyPair('ec-p256')
  throwsCode(() => parseCertificateRequest(forge({ signer })), 'proof-of-possession-failed')
})

test('proof of possession: one bit of the names changed → proof-of-possession-failed', async () => {
  const der = await createCertificateRequest({ keyPair, names })
  const at = Buffer.from(der).indexOf('web-1')
  der[at] = 'v'.charCodeAt(0)
  throwsCode(() => parseCertificateRequest(der), 'proof-of-possession-failed')
})

test('a key whose point is not on its curve → csr-invalid, before anything else is said of it', () => {
  const spki = Uint8Array.from(keyPair.publicKey.spki)
  spki[90] = (spki[90] ?? 0) ^ 1
  const { message } = throwsCode(() => parseCertificateRequest(forge({ spki })), 'csr-invalid')
  assert.match(message, /OpenSSL does not accept the public key/)
})

test('weak keys: RSA-2048 from openssl → key-weak; P-521 → key-type-unsupported', () => {
  const make = (...key: readonly string[]): string =>
    openssl(['req', '-new', '-newkey', ...key, '-nodes', '-keyout', 'out', '-subj', '/CN=a'], {})
  throwsCode(() => parseCertificateRequestPem(make('rsa:2048')), 'key-weak')
  throwsCode(
    () => parseCertificateRequestPem(make('ec', '-pkeyopt', 'ec_paramgen_curve:P-521')),
    'key-type-unsupported',
  )
})

test('ASN.1: trailing bytes, over-long input, empty input → csr-invalid', async () => {
  const der = await createCertificateRequest({ keyPair, names })
  for (const bytes of [Uint8Array.of(...der, 0), new Uint8Array(requestBytesMax + 1), new Uint8Array()]) {
    throwsCode(() => parseCertificateRequest(bytes), 'csr-invalid')
  }
})

test('parseCertificateRequest: any byte of a request changed → refused, and never with another error', async () => {
  const der = await createCertificateRequest({ keyPair, commonName: 'web-1', names })
  fc.assert(
    fc.property(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const changed = Uint8Array.from(der)
      changed[at] = (changed[at] ?? 0) ^ flip
      try {
        parseCertificateRequest(changed)
      } catch (error) {
        assert.ok(isMayflyError(error), String(error))
        return
      }
      assert.fail(`byte ${at} may be changed`)
    }),
    { numRuns: 1_500 },
  )
})
