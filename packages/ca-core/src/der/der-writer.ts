import { oidContent } from './der-oid.ts'
import { contextTag, contextTagConstructed, derTags } from './der-tags.ts'

/** Tag, minimal length and content (X.690 10.1). */
export function encodeElement(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const length = bytesOf(content)
  const extra = lengthOctets(length)
  const element = new Uint8Array(2 + extra + length)
  element[0] = tag
  if (extra === 0) element[1] = length
  else {
    element[1] = 0x80 | extra
    for (let at = 1 + extra, rest = length; at > 1; at--, rest >>= 8) element[at] = rest & 0xff
  }
  copyTo(element, 2 + extra, content)
  return element
}

export function encodeSequence(...elements: readonly Uint8Array[]): Uint8Array {
  return encodeElement(derTags.sequence, ...elements)
}

/** A SET OF: X.690 11.6 orders the elements by their encodings. */
export function encodeSetOf(...elements: readonly Uint8Array[]): Uint8Array {
  return encodeElement(derTags.set, ...[...elements].sort(Buffer.compare))
}

export function encodeBoolean(value: boolean): Uint8Array {
  return encodeElement(derTags.boolean, Uint8Array.of(value ? 0xff : 0x00))
}

/** A non-negative INTEGER from its magnitude, in the fewest octets. */
export function encodeUnsignedInteger(magnitude: Uint8Array): Uint8Array {
  const start = magnitude.findIndex((byte) => byte !== 0)
  const digits = start === -1 ? Uint8Array.of(0) : magnitude.subarray(start)
  const sign = (digits[0] ?? 0) >= 0x80 ? Uint8Array.of(0) : new Uint8Array()
  return encodeElement(derTags.integer, sign, digits)
}

export function encodeSmallInteger(value: number): Uint8Array {
  if (!Number.isInteger(value) || value < 0 || value > 0x7fff_ffff) throw new RangeError('no small integer')
  const magnitude = Buffer.alloc(4)
  magnitude.writeUInt32BE(value)
  return encodeUnsignedInteger(magnitude)
}

export function encodeOid(dotted: string): Uint8Array {
  const known = encodedOids.get(dotted)
  if (known !== undefined) return known
  const encoded = encodeElement(derTags.oid, oidContent(dotted))
  encodedOids.set(dotted, encoded)
  return encoded
}

/** Identifiers that are written are named in the code, so there are few; none comes from a message. */
const encodedOids = new Map<string, Uint8Array>()

export function encodeNull(): Uint8Array {
  return encodeElement(derTags.null)
}

export function encodeOctetString(bytes: Uint8Array): Uint8Array {
  return encodeElement(derTags.octetString, bytes)
}

/** A BIT STRING of whole octets. */
export function encodeBitString(bytes: Uint8Array): Uint8Array {
  return encodeElement(derTags.bitString, Uint8Array.of(0), bytes)
}

/** A BIT STRING of named bits, without trailing zero bits (X.690 11.2.2). */
export function encodeNamedBits(bits: readonly number[]): Uint8Array {
  const highest = Math.max(-1, ...bits)
  const octets = new Uint8Array(Math.ceil((highest + 1) / 8))
  for (const bit of bits) octets[bit >> 3] = (octets[bit >> 3] ?? 0) | (0x80 >> (bit & 7))
  const unused = octets.length * 8 - (highest + 1)
  return encodeElement(derTags.bitString, Uint8Array.of(unused), octets)
}

export function encodeUtf8String(text: string): Uint8Array {
  return encodeElement(derTags.utf8String, Buffer.from(text, 'utf8'))
}

export function encodeIa5String(text: string): Uint8Array {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: IA5String is exactly the seven-bit range.
  if (!/^[\x00-\x7f]*$/.test(text)) throw new TypeError('an IA5String holds ASCII only')
  return encodeElement(derTags.ia5String, Buffer.from(text, 'latin1'))
}

/** `[number] EXPLICIT`, or `[number] IMPLICIT` over a constructed type whose content is given. */
export function encodeContextConstructed(number: number, ...content: readonly Uint8Array[]): Uint8Array {
  return encodeElement(contextTagConstructed(number), ...content)
}

/** `[number] IMPLICIT` over a primitive type whose content is given. */
export function encodeContextPrimitive(number: number, content: Uint8Array): Uint8Array {
  return encodeElement(contextTag(number), content)
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(bytesOf(parts))
  copyTo(all, 0, parts)
  return all
}

function bytesOf(parts: readonly Uint8Array[]): number {
  let bytes = 0
  for (const part of parts) bytes += part.length
  return bytes
}

function copyTo(target: Uint8Array, start: number, parts: readonly Uint8Array[]): void {
  let offset = start
  for (const part of parts) {
    target.set(part, offset)
    offset += part.length
  }
}

/** How many octets the length takes besides the first. */
function lengthOctets(length: number): number {
  if (length < 0x80) return 0
  if (length < 0x100) return 1
  if (length < 0x1_0000) return 2
  if (length < 0x100_0000) return 3
  throw new RangeError('the value is too long to encode')
}
