import { BackwardWriter } from '../der/backward-writer.ts'
import { contextTagConstructed, derTags } from '../der/der-tags.ts'
import { encodeTime } from '../der/der-time.ts'
import {
  concat,
  encodeBoolean,
  encodeContextConstructed,
  encodeNull,
  encodeOid,
  encodeSequence,
  encodeSmallInteger,
} from '../der/der-writer.ts'
import { oids } from '../der/oids.ts'
import { signatureAlgorithmOf } from '../keys/key-algorithms.ts'
import type { PublicKey } from '../keys/public-key.ts'
import { writeGeneralNames } from '../names/general-names.ts'
import type { Name } from '../names/name.ts'
import type { Instant } from '../time/instant.ts'
import type { Certificate } from '../x509/certificate.ts'
import { encodeExtension } from '../x509/extension.ts'
import {
  type ExtendedKeyUsage,
  encodeAuthorityKeyId,
  encodeBasicConstraints,
  encodeExtendedKeyUsage,
  encodeKeyUsage,
} from '../x509/extension-values.ts'
import { keyIdOf } from '../x509/key-identifier.ts'

/** The few parts in which one leaf differs from the next. */
export interface LeafParts {
  /** From `drawSerial`: positive, and its first octet is not zero. */
  readonly serial: string
  readonly notBefore: Instant
  readonly notAfter: Instant
  readonly commonName: string | undefined
  readonly names: readonly Name[]
  readonly publicKey: PublicKey
}

export interface LeafTemplate {
  /** The TBSCertificate, DER. */
  tbsOf(parts: LeafParts): Uint8Array
  /** The certificate around a TBSCertificate and its signature, DER. */
  wrap(tbs: Uint8Array, signature: Uint8Array): Uint8Array
}

/** Encodes once what all leaves of an issuer and purpose share, so that each leaf is a splice. */
export function prepareLeafTemplate(
  issuer: Certificate,
  purposes: readonly ExtendedKeyUsage[],
): LeafTemplate {
  const algorithm = signatureAlgorithmOf(issuer.publicKey.type)
  const algorithmAndIssuer = concat([algorithm, issuer.subjectDer])
  const sharedExtensions = concat([
    encodeExtension(oids.basicConstraints, true, encodeBasicConstraints({ isCa: false })),
    encodeExtension(oids.keyUsage, true, encodeKeyUsage(['digitalSignature'])),
    encodeExtension(oids.extKeyUsage, false, encodeExtendedKeyUsage(purposes)),
    encodeExtension(oids.authorityKeyIdentifier, false, encodeAuthorityKeyId(keyIdOf(issuer.publicKey))),
    // RFC 9608 2: no revocation information will ever be published for a certificate that lives a day.
    encodeExtension(oids.noRevAvail, false, encodeNull()),
  ])
  const writer = new BackwardWriter()
  const validity = rememberedValidity()
  return {
    tbsOf(parts) {
      writer.clear()
      writeExtensions(writer, parts, sharedExtensions)
      writer.bytes(parts.publicKey.spki)
      writeSubject(writer, parts.commonName)
      writer.bytes(validity(parts))
      writer.bytes(algorithmAndIssuer)
      writeSerial(writer, parts.serial)
      writer.bytes(version3)
      writer.header(derTags.sequence, 0)
      return writer.take()
    },
    wrap(tbs, signature) {
      writer.clear()
      writer.bytes(signature)
      // No unused bits.
      writer.octet(0)
      writer.header(derTags.bitString, 0)
      writer.bytes(algorithm)
      writer.bytes(tbs)
      writer.header(derTags.sequence, 0)
      return writer.take()
    },
  }
}

const version3 = encodeContextConstructed(0, encodeSmallInteger(2))
const commonNameOid = encodeOid(oids.commonName)
const subjectKeyIdOid = encodeOid(oids.subjectKeyIdentifier)
const subjectAltNameOid = encodeOid(oids.subjectAltName)
const critical = encodeBoolean(true)

function writeSerial(writer: BackwardWriter, serial: string): void {
  const end = writer.position
  writer.hex(serial)
  writer.header(derTags.integer, end)
}

function writeSubject(writer: BackwardWriter, commonName: string | undefined): void {
  const end = writer.position
  if (commonName !== undefined) {
    writer.ascii(commonName)
    writer.header(derTags.utf8String, end)
    writer.bytes(commonNameOid)
    writer.header(derTags.sequence, end)
    writer.header(derTags.set, end)
  }
  writer.header(derTags.sequence, end)
}

function writeExtensions(writer: BackwardWriter, parts: LeafParts, shared: Uint8Array): void {
  const end = writer.position
  writeSubjectNames(writer, parts)
  writeSubjectKeyId(writer, parts)
  writer.bytes(shared)
  writer.header(derTags.sequence, end)
  writer.header(contextTagConstructed(3), end)
}

/** RFC 5280 4.2.1.2. */
function writeSubjectKeyId(writer: BackwardWriter, { publicKey }: LeafParts): void {
  const end = writer.position
  writer.hex(keyIdOf(publicKey))
  writer.header(derTags.octetString, end)
  writer.header(derTags.octetString, end)
  writer.bytes(subjectKeyIdOid)
  writer.header(derTags.sequence, end)
}

/** RFC 5280 4.2.1.6: critical where the subject is empty. */
function writeSubjectNames(writer: BackwardWriter, { names, commonName }: LeafParts): void {
  const end = writer.position
  writeGeneralNames(writer, names)
  writer.header(derTags.octetString, end)
  if (commonName === undefined) writer.bytes(critical)
  writer.bytes(subjectAltNameOid)
  writer.header(derTags.sequence, end)
}

/** The leaves of a second begin and end alike; writing their times costs more than all the rest of them. */
function rememberedValidity(): (parts: LeafParts) => Uint8Array {
  let last: { readonly notBefore: Instant; readonly notAfter: Instant; readonly encoded: Uint8Array } = {
    notBefore: Number.NaN,
    notAfter: Number.NaN,
    encoded: new Uint8Array(),
  }
  return ({ notBefore, notAfter }) => {
    if (notBefore !== last.notBefore || notAfter !== last.notAfter) {
      const encoded = encodeSequence(encodeTime(notBefore), encodeTime(notAfter))
      last = { notBefore, notAfter, encoded }
    }
    return last.encoded
  }
}
