import { parseDer } from '../der/der-element.ts'
import { derInvalid } from '../der/der-invalid.ts'
import { oidOf } from '../der/der-oid.ts'
import { derTags } from '../der/der-tags.ts'
import { elementsOf, fieldsOf } from '../der/der-values.ts'
import { encodeElement, encodeOid, encodeSequence, encodeUtf8String } from '../der/der-writer.ts'
import { oids } from '../der/oids.ts'
import { MayflyError } from '../errors/mayfly-error.ts'

/** X.520 ub-common-name (RFC 5280 appendix A.1). */
export const commonNameCharactersMax = 64

const attributeNames: Readonly<Record<string, string>> = {
  [oids.commonName]: 'CN',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.5': 'serialNumber',
  '0.9.2342.19200300.100.1.25': 'DC',
  [oids.emailAddress]: 'emailAddress',
}

export interface DistinguishedName {
  /** As RFC 4514 writes it, control characters escaped; empty for an empty name. */
  readonly text: string
  readonly commonName?: string
}

/** Whether `text` can be a common name: 1 to 64 characters, none of them a control character. */
export function fitsCommonName(text: string): boolean {
  return /^[^\p{Cc}\p{Cs}]+$/u.test(text) && text.length <= commonNameCharactersMax
}

/** A Name with one common name, or the empty one. Throws `name-invalid`. */
export function encodeDistinguishedName(commonName: string | undefined): Uint8Array {
  if (commonName === undefined) return encodeSequence()
  if (!fitsCommonName(commonName)) {
    throw new MayflyError(
      'name-invalid',
      `A common name has 1 to ${commonNameCharactersMax} printable characters.`,
    )
  }
  const attribute = encodeSequence(encodeOid(oids.commonName), encodeUtf8String(commonName))
  return encodeSequence(encodeElement(derTags.set, attribute))
}

/** Reads a Name for showing; names are compared by their DER. Throws `der-invalid`. */
export function parseDistinguishedName(der: Uint8Array): DistinguishedName {
  const attributes = elementsOf(parseDer(der)).flatMap((relative) => {
    const elements = elementsOf(relative, derTags.set)
    if (elements.length === 0) throw derInvalid('a relative distinguished name without attributes')
    return elements.map(readAttribute)
  })
  const commonNames = attributes.filter(({ oid }) => oid === oids.commonName)
  const [first] = commonNames
  const text = attributes
    .map(({ oid, value }) => `${attributeNames[oid] ?? oid}=${escapeValue(value)}`)
    .join(', ')
  return first !== undefined && commonNames.length === 1 ? { text, commonName: first.value } : { text }
}

function readAttribute(element: ReturnType<typeof parseDer>): { oid: string; value: string } {
  const fields = fieldsOf(element)
  const oid = oidOf(fields.takeAny())
  const { tag, content } = fields.takeAny()
  fields.end()
  return { oid, value: decodeText(tag, content) }
}

function decodeText(tag: number, content: Uint8Array): string {
  switch (tag) {
    case derTags.utf8String:
      return decodeUtf8(content)
    case derTags.printableString:
    case derTags.ia5String:
    case derTags.teletexString:
      return Buffer.from(content).toString('latin1')
    case derTags.bmpString:
      return Buffer.from(content.length % 2 === 0 ? content : [])
        .swap16()
        .toString('utf16le')
    default:
      throw derInvalid('a name attribute that is no string')
  }
}

function decodeUtf8(content: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content)
  } catch (cause) {
    throw new MayflyError('der-invalid', 'A string in the name is no UTF-8.', { cause })
  }
}

/** RFC 4514 2.4, and control characters too, so that no name can forge a log line. */
function escapeValue(value: string): string {
  return value
    .replace(/[,+"\\<>;=]/g, '\\$&')
    .replace(
      /\p{Cc}/gu,
      (character) => `\\${character.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`,
    )
}
