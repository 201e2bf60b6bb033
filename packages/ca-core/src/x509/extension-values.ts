import { parseDer } from '../der/der-element.ts'
import { derInvalid } from '../der/der-invalid.ts'
import { oidOf } from '../der/der-oid.ts'
import { contextTag, contextTagConstructed, derTags } from '../der/der-tags.ts'
import {
  booleanOf,
  elementsOf,
  fieldsOf,
  namedBitsOf,
  octetStringOf,
  smallIntegerOf,
} from '../der/der-values.ts'
import {
  encodeBoolean,
  encodeContextPrimitive,
  encodeNamedBits,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  encodeSmallInteger,
} from '../der/der-writer.ts'
import { oids } from '../der/oids.ts'

/** RFC 5280 4.2.1.3, in the order of the bits. */
export const keyUsages = [
  'digitalSignature',
  'contentCommitment',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const

export type KeyUsage = (typeof keyUsages)[number]

const extendedKeyUsageNames = [
  'serverAuth',
  'clientAuth',
  'codeSigning',
  'emailProtection',
  'timeStamping',
  'ocspSigning',
  'anyExtendedKeyUsage',
] as const

export type ExtendedKeyUsage = (typeof extendedKeyUsageNames)[number]

export interface BasicConstraints {
  readonly isCa: boolean
  readonly pathLength?: number
}

/** RFC 5280 4.2.1.9. */
export function encodeBasicConstraints({ isCa, pathLength }: BasicConstraints): Uint8Array {
  const ca = isCa ? [encodeBoolean(true)] : []
  const length = pathLength === undefined ? [] : [encodeSmallInteger(pathLength)]
  return encodeSequence(...ca, ...length)
}

export function parseBasicConstraints(value: Uint8Array): BasicConstraints {
  const fields = fieldsOf(parseDer(value))
  const flag = fields.takeIf(derTags.boolean)
  const isCa = flag !== undefined && booleanOf(flag)
  if (flag !== undefined && !isCa) throw derInvalid('a default value that is written out')
  const length = fields.takeIf(derTags.integer)
  fields.end()
  if (length === undefined) return { isCa }
  if (!isCa) throw derInvalid('a path length without the CA flag')
  return { isCa, pathLength: smallIntegerOf(length) }
}

export function encodeKeyUsage(usages: readonly KeyUsage[]): Uint8Array {
  return encodeNamedBits(usages.map((usage) => keyUsages.indexOf(usage)))
}

export function parseKeyUsage(value: Uint8Array): KeyUsage[] {
  return namedBitsOf(parseDer(value)).map((bit) => {
    const usage = keyUsages[bit]
    if (usage === undefined) throw derInvalid('a key usage that does not exist')
    return usage
  })
}

export function encodeExtendedKeyUsage(usages: readonly ExtendedKeyUsage[]): Uint8Array {
  return encodeSequence(...usages.map((usage) => encodeOid(oids[usage])))
}

/** The purposes by name, and by object identifier where there is no name here. */
export function parseExtendedKeyUsage(value: Uint8Array): string[] {
  const purposes = elementsOf(parseDer(value)).map((element) => {
    const oid = oidOf(element)
    return extendedKeyUsageNames.find((name) => oids[name] === oid) ?? oid
  })
  if (purposes.length === 0) throw derInvalid('an extended key usage without purposes')
  return purposes
}

/** RFC 5280 4.2.1.2. */
export function encodeSubjectKeyId(id: string): Uint8Array {
  return encodeOctetString(Buffer.from(id, 'hex'))
}

export function parseSubjectKeyId(value: Uint8Array): string {
  return Buffer.from(octetStringOf(parseDer(value))).toString('hex')
}

/** RFC 5280 4.2.1.1, with the key identifier alone. */
export function encodeAuthorityKeyId(id: string): Uint8Array {
  return encodeSequence(encodeContextPrimitive(0, Buffer.from(id, 'hex')))
}

/** The key identifier; `undefined` where there is only an issuer and serial. */
export function parseAuthorityKeyId(value: Uint8Array): string | undefined {
  const fields = fieldsOf(parseDer(value))
  const id = fields.takeIf(contextTag(0))
  fields.takeIf(contextTagConstructed(1))
  fields.takeIf(contextTag(2))
  fields.end()
  return id === undefined ? undefined : Buffer.from(id.content).toString('hex')
}
