import { oidContent } from './der-oid.ts'
import { contextTag, contextTagConstructed, derTags } from './der-tags.ts'

/** Tag, minimal length and content (X.690 10.1). */
export function encodeElement(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const length = content.reduce((sum, part) => sum + part.length, 0)
  return concat([Uint8Array.of(tag, ...lengthOctets(length)), ...content])
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
  return encodeElement(derTags.oid, oidContent(dotted))
}

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
  return new Uint8Array(Buffer.concat(parts))
}

function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length]
  if (length < 0x100) return [0x81, length]
  if (length < 0x1_0000) return [0x82, length >> 8, length & 0xff]
  if (length < 0x100_0000) return [0x83, length >> 16, (length >> 8) & 0xff, length & 0xff]
  throw new RangeError('the value is too long to encode')
}
