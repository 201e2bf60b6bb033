import { type DerElement, parseDer } from '../der/der-element.ts'
import { derInvalid } from '../der/der-invalid.ts'
import { contextTagConstructed, derTags } from '../der/der-tags.ts'
import { timeOf } from '../der/der-time.ts'
import { bitStringBytesOf, fieldsOf, integerBytesOf, smallIntegerOf } from '../der/der-values.ts'
import { oids } from '../der/oids.ts'
import { decodePem, decodePemAll, encodePem } from '../der/pem.ts'
import { isMayflyError, MayflyError } from '../errors/mayfly-error.ts'
import { sha256Hex } from '../keys/fingerprint.ts'
import { parsePublicKey } from '../keys/public-key.ts'
import { decodeGeneralNames } from '../names/general-names.ts'
import type { Certificate } from './certificate.ts'
import { parseDistinguishedName } from './distinguished-name.ts'
import { type Extension, parseExtensions } from './extension.ts'
import {
  parseAuthorityKeyId,
  parseBasicConstraints,
  parseExtendedKeyUsage,
  parseKeyUsage,
  parseSubjectKeyId,
} from './extension-values.ts'
import { parseNameConstraints } from './name-constraints.ts'

/** An ML-DSA-87 root with constraints has about 9 kB. */
export const certificateBytesMax = 32_768

/** A leaf, its intermediate and room for cross-certificates; or the roots of a bundle. */
export const chainCertificatesMax = 32

/** RFC 5280 4.1.2.2. */
const serialBytesMax = 20

/** The extensions whose meaning is known here; any other critical one is refused (RFC 5280 4.2). */
const understood: ReadonlySet<string> = new Set([
  oids.subjectKeyIdentifier,
  oids.authorityKeyIdentifier,
  oids.keyUsage,
  oids.extKeyUsage,
  oids.basicConstraints,
  oids.subjectAltName,
  oids.nameConstraints,
  oids.noRevAvail,
])

/**
 * Reads one X.509 v3 certificate (RFC 5280) from DER, or from PEM text, strictly. Its key must be of
 * one of Mayfly's types. Throws `certificate-invalid`, `pem-invalid`, `key-weak` or `key-type-unsupported`.
 */
export function parseCertificate(derOrPem: Uint8Array | string): Certificate {
  // A copy of what is given: its owner may write to it again.
  const der = typeof derOrPem === 'string' ? decodePem('CERTIFICATE', derOrPem) : Uint8Array.from(derOrPem)
  const fingerprint = sha256Hex(der)
  const known = recent.get(fingerprint)
  if (known !== undefined) return known
  try {
    return remember(readCertificate(der, fingerprint))
  } catch (cause) {
    if (isMayflyError(cause, 'key-weak') || isMayflyError(cause, 'key-type-unsupported')) throw cause
    const why = cause instanceof Error ? cause.message : 'it is broken'
    throw new MayflyError('certificate-invalid', `The certificate cannot be read: ${why}`, { cause })
  }
}

/**
 * The certificates that were read latest, by SHA-256. The same intermediates and roots come with every leaf, and a leaf
 * is read where it arrives, where it is proved and where it signs. Whoever has one never writes to it.
 */
const recent = new Map<string, Certificate>()
const recentMax = 256

function remember(certificate: Certificate): Certificate {
  if (recent.size >= recentMax) recent.clear()
  recent.set(certificate.fingerprint, certificate)
  return certificate
}

/** Every certificate of a PEM file, in order, at least one. Throws as `parseCertificate`. */
export function parseCertificateChain(pem: string): Certificate[] {
  const known = recentChains.get(pem)
  if (known !== undefined) return [...known]
  const blocks = decodePemAll('CERTIFICATE', pem)
  if (blocks.length === 0 || blocks.length > chainCertificatesMax) {
    throw new MayflyError(
      'pem-invalid',
      `Expected 1 to ${chainCertificatesMax} certificates and found ${blocks.length}.`,
    )
  }
  const chain = blocks.map(parseCertificate)
  if (recentChains.size >= recentMax) recentChains.clear()
  recentChains.set(pem, chain)
  return [...chain]
}

/** The same by their text: what a host is given is looked at when it comes, proved, installed and signed with. */
const recentChains = new Map<string, readonly Certificate[]>()

/** The certificates as one PEM file, in the order given. */
export function encodeCertificateChain(certificates: readonly { readonly der: Uint8Array }[]): string {
  return certificates.map(({ der }) => encodePem('CERTIFICATE', der)).join('')
}

function readCertificate(der: Uint8Array, fingerprint: string): Certificate {
  const outer = fieldsOf(parseDer(der, { bytesMax: certificateBytesMax }))
  const tbs = outer.take(derTags.sequence)
  const signatureAlgorithm = outer.take(derTags.sequence).encoded
  const signature = bitStringBytesOf(outer.takeAny())
  outer.end()
  const fields = readTbs(tbs)
  // RFC 5280 4.1.1.2: the algorithm stands outside and inside the signature, and must be the same.
  if (Buffer.compare(fields.signatureAlgorithm, signatureAlgorithm) !== 0) {
    throw derInvalid('two different signature algorithms')
  }
  return {
    der,
    pem: encodePem('CERTIFICATE', der),
    fingerprint,
    ...fields,
    ...readExtensions(fields.extensions),
    tbs: tbs.encoded,
    signature,
  }
}

type TbsFields = Pick<
  Certificate,
  | 'serial'
  | 'signatureAlgorithm'
  | 'issuer'
  | 'issuerDer'
  | 'notBefore'
  | 'notAfter'
  | 'subject'
  | 'subjectDer'
  | 'commonName'
  | 'publicKey'
  | 'extensions'
>

function readTbs(tbs: DerElement): TbsFields {
  const fields = fieldsOf(tbs)
  readVersion(fields.take(contextTagConstructed(0)))
  const serial = readSerial(fields.takeAny())
  const signatureAlgorithm = fields.take(derTags.sequence).encoded
  const issuerDer = fields.take(derTags.sequence).encoded
  const validity = fieldsOf(fields.take(derTags.sequence))
  const notBefore = timeOf(validity.takeAny())
  const notAfter = timeOf(validity.takeAny())
  validity.end()
  if (notAfter < notBefore) throw derInvalid('a validity that ends before it starts')
  const subjectDer = fields.take(derTags.sequence).encoded
  const publicKey = parsePublicKey(fields.take(derTags.sequence).encoded)
  const extensions = readExtensionList(fields.take(contextTagConstructed(3)))
  fields.end()
  const { text: subject, commonName } = parseDistinguishedName(subjectDer)
  const { text: issuer } = parseDistinguishedName(issuerDer)
  return {
    serial,
    signatureAlgorithm,
    issuer,
    issuerDer,
    notBefore,
    notAfter,
    subject,
    subjectDer,
    ...(commonName === undefined ? {} : { commonName }),
    publicKey,
    extensions,
  }
}

function readVersion(element: DerElement): void {
  const [version, more] = element.children
  if (version === undefined || more !== undefined || smallIntegerOf(version) !== 2) {
    throw derInvalid('a version other than 3')
  }
}

function readSerial(element: DerElement): string {
  const bytes = integerBytesOf(element)
  // RFC 5280 4.1.2.2: positive, at most 20 octets.
  if (bytes.length > serialBytesMax || (bytes[0] ?? 0) >= 0x80 || bytes.every((byte) => byte === 0)) {
    throw derInvalid('a serial number that is not positive or too long')
  }
  return Buffer.from(bytes).toString('hex')
}

function readExtensionList(element: DerElement): Extension[] {
  const [list, more] = element.children
  if (list === undefined || more !== undefined) throw derInvalid('extensions that are no list')
  const extensions = parseExtensions(list)
  const unknown = extensions.find(({ oid, critical }) => critical && !understood.has(oid))
  if (unknown !== undefined) throw derInvalid(`the critical extension ${unknown.oid} is not known`)
  return extensions
}

type ExtensionFields = Pick<
  Certificate,
  | 'isCa'
  | 'pathLength'
  | 'names'
  | 'keyUsage'
  | 'extendedKeyUsage'
  | 'subjectKeyId'
  | 'authorityKeyId'
  | 'nameConstraints'
>

function readExtensions(extensions: readonly Extension[]): ExtensionFields {
  const read = <T>(oid: string, parse: (value: Uint8Array) => T): T | undefined => {
    const extension = extensions.find((candidate) => candidate.oid === oid)
    return extension === undefined ? undefined : parse(extension.value)
  }
  const subjectKeyId = read(oids.subjectKeyIdentifier, parseSubjectKeyId)
  const authorityKeyId = read(oids.authorityKeyIdentifier, parseAuthorityKeyId)
  const nameConstraints = read(oids.nameConstraints, parseNameConstraints)
  return {
    ...(read(oids.basicConstraints, parseBasicConstraints) ?? { isCa: false }),
    names: read(oids.subjectAltName, decodeGeneralNames) ?? [],
    keyUsage: read(oids.keyUsage, parseKeyUsage) ?? [],
    extendedKeyUsage: read(oids.extKeyUsage, parseExtendedKeyUsage) ?? [],
    ...(subjectKeyId === undefined ? {} : { subjectKeyId }),
    ...(authorityKeyId === undefined ? {} : { authorityKeyId }),
    ...(nameConstraints === undefined ? {} : { nameConstraints }),
  }
}
