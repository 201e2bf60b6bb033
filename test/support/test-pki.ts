import './reflect-metadata.ts'
import { createHash, randomBytes, webcrypto, X509Certificate } from 'node:crypto'
import * as x509 from '@peculiar/x509'

/**
 * A certificate authority for tests, that signs good certificates and bad ones. It shares no code
 * with ca-core, so that a mistake there isn't repeated here.
 *
 *     const pki = await createTestPki()
 *     const web = await pki.issue({ names: ['web-1'] })
 */
export interface TestPki {
  readonly root: TestAuthority
  readonly intermediate: TestAuthority
  /** The root, PEM: what `bundle.pem` holds. */
  readonly bundlePem: string
  /** A leaf under the intermediate. */
  issue(options?: TestLeafOptions): Promise<TestLeaf>
}

export interface TestAuthority {
  readonly certificate: x509.X509Certificate
  readonly keys: webcrypto.CryptoKeyPair
  readonly pem: string
}

export interface TestLeafOptions {
  /** `dns:web-1`, `ip:127.0.0.1`, `uri:spiffe://…`, `email:…`; bare texts are DNS names. Default: none. */
  readonly names?: readonly string[]
  readonly commonName?: string
  /** Default: five minutes ago. */
  readonly notBefore?: Date
  /** Default: `notBefore` plus 24 hours. */
  readonly notAfter?: Date
  /** Default: both. */
  readonly usages?: readonly ('server' | 'client')[]
  /** Default: the intermediate. The chain in `fullchainPem` ends with it, unless it is the root. */
  readonly issuer?: TestAuthority
  /** Makes the certificate a CA. Default: false. */
  readonly ca?: boolean
  /** Sixteen octets, lower-case hex. Default: random. */
  readonly serial?: string
  /** Default: a new P-256 pair. */
  readonly keys?: webcrypto.CryptoKeyPair
}

export interface TestLeaf {
  readonly certificate: X509Certificate
  readonly certificatePem: string
  /** The issuer's certificate; empty when the root issued. */
  readonly chainPem: string
  readonly fullchainPem: string
  readonly keyPem: string
  readonly keys: webcrypto.CryptoKeyPair
  /** Lower-case hex. */
  readonly serial: string
  /** SHA-256 of the DER, lower-case hex. */
  readonly fingerprint: string
}

export interface TestPkiOptions {
  readonly rootName?: string
  readonly rootNotBefore?: Date
  readonly rootNotAfter?: Date
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const minuteMs = 60_000
const dayMs = 86_400_000

x509.cryptoProvider.set(webcrypto as unknown as Crypto)

/** A root and an intermediate, both new. */
export async function createTestPki(options: TestPkiOptions = {}): Promise<TestPki> {
  const root = await createTestRoot(options)
  const intermediate = await createTestIntermediate(root)
  return {
    root,
    intermediate,
    bundlePem: root.pem,
    issue: (leaf = {}) => issueTestLeaf(leaf.issuer ?? intermediate, root, leaf),
  }
}

/** A self-signed root. */
export async function createTestRoot(options: TestPkiOptions = {}): Promise<TestAuthority> {
  const keys = await createTestKeys()
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: randomSerial(),
    name: `CN=${options.rootName ?? 'Test Root'}`,
    notBefore: options.rootNotBefore ?? ago(minuteMs),
    notAfter: options.rootNotAfter ?? ago(-3650 * dayMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { certificate, keys, pem: pemOf(certificate) }
}

/** An intermediate of 90 days, with path length 0 unless said otherwise. */
export async function createTestIntermediate(
  root: TestAuthority,
  commonName = 'Test Intermediate',
  pathLength = 0,
): Promise<TestAuthority> {
  const keys = await createTestKeys()
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: randomSerial(),
    subject: `CN=${commonName}`,
    issuer: root.certificate.subject,
    notBefore: ago(5 * minuteMs),
    notAfter: ago(-90 * dayMs),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey: root.keys.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(true, pathLength, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      new x509.ExtendedKeyUsageExtension([...usageIds(['server', 'client'])]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(root.keys.publicKey),
    ],
  })
  return { certificate, keys, pem: pemOf(certificate) }
}

/**
 * Name and key of an intermediate in a certificate that its thief wrote: over since yesterday, and signed by no root, or by
 * a false one.
 * Who links a chain by names and key ids alone takes it for the intermediate.
 */
export async function forgeIntermediate(
  stolen: TestAuthority,
  root: TestAuthority,
  signer?: TestAuthority,
): Promise<TestAuthority> {
  const { privateKey } = signer?.keys ?? (await createTestKeys())
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: randomSerial(),
    subject: stolen.certificate.subject,
    issuer: root.certificate.subject,
    notBefore: ago(2 * dayMs),
    notAfter: ago(dayMs),
    signingAlgorithm: algorithm,
    publicKey: stolen.keys.publicKey,
    signingKey: privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(stolen.keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(root.keys.publicKey),
    ],
  })
  return { certificate, keys: stolen.keys, pem: pemOf(certificate) }
}

/** A P-256 key pair whose private key can be exported. */
export async function createTestKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
}

async function issueTestLeaf(
  issuer: TestAuthority,
  root: TestAuthority,
  options: TestLeafOptions,
): Promise<TestLeaf> {
  const keys = options.keys ?? (await createTestKeys())
  const notBefore = options.notBefore ?? ago(5 * minuteMs)
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: options.serial ?? randomSerial(),
    subject: options.commonName === undefined ? '' : `CN=${options.commonName}`,
    issuer: issuer.certificate.subject,
    notBefore,
    notAfter: options.notAfter ?? new Date(notBefore.getTime() + dayMs),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey: issuer.keys.privateKey,
    extensions: await leafExtensions(issuer, keys, options),
  })
  const certificatePem = pemOf(certificate)
  const chainPem = issuer === root ? '' : issuer.pem
  const raw = new Uint8Array(certificate.rawData)
  return {
    certificate: new X509Certificate(raw),
    certificatePem,
    chainPem,
    fullchainPem: certificatePem + chainPem,
    keyPem: await privateKeyPem(keys),
    keys,
    serial: certificate.serialNumber,
    fingerprint: createHash('sha256').update(raw).digest('hex'),
  }
}

async function leafExtensions(
  issuer: TestAuthority,
  keys: webcrypto.CryptoKeyPair,
  options: TestLeafOptions,
): Promise<x509.Extension[]> {
  const extensions: x509.Extension[] = [
    new x509.BasicConstraintsExtension(options.ca ?? false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([...usageIds(options.usages ?? ['server', 'client'])]),
    await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    await x509.AuthorityKeyIdentifierExtension.create(issuer.keys.publicKey),
  ]
  const names = (options.names ?? []).map(generalName)
  if (names.length > 0) {
    // RFC 5280 4.2.1.6: critical where the subject is empty.
    extensions.push(new x509.SubjectAlternativeNameExtension(names, options.commonName === undefined))
  }
  return extensions
}

function generalName(text: string): x509.JsonGeneralName {
  const [, type = 'dns', value = text] = /^(dns|ip|uri|email):(.*)$/s.exec(text) ?? []
  return { type: type === 'uri' ? 'url' : type, value } as x509.JsonGeneralName
}

function usageIds(usages: readonly ('server' | 'client')[]): string[] {
  return usages.map((usage) => (usage === 'server' ? '1.3.6.1.5.5.7.3.1' : '1.3.6.1.5.5.7.3.2'))
}

async function privateKeyPem(keys: webcrypto.CryptoKeyPair): Promise<string> {
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
  return `${x509.PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n`
}

function pemOf(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem')}\n`
}

function randomSerial(): string {
  const bytes = randomBytes(16)
  // Positive, and never shortened by DER: first bit 0, first octet not 0.
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40
  return bytes.toString('hex')
}

/** `ms` before now; negative is after. Whole seconds, as certificates hold no more. */
function ago(ms: number): Date {
  return new Date(Math.floor((Date.now() - ms) / 1000) * 1000)
}
