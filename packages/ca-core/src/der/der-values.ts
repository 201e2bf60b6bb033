import type { DerElement } from './der-element.ts'
import { derInvalid } from './der-invalid.ts'
import { integerBytesMax } from './der-limits.ts'
import { derTags } from './der-tags.ts'

/** Takes the children of a constructed element in order; what is not taken is an error. */
export class DerFields {
  readonly #children: readonly DerElement[]
  #next = 0

  constructor(children: readonly DerElement[]) {
    this.#children = children
  }

  /** The next element whatever its tag. */
  takeAny(): DerElement {
    const child = this.#children[this.#next]
    if (child === undefined) throw derInvalid('a field is missing')
    this.#next += 1
    return child
  }

  /** The next element, which must have `tag`. */
  take(tag: number): DerElement {
    const child = this.takeAny()
    expectTag(child, tag)
    return child
  }

  /** The next element if it has `tag`. */
  takeIf(tag: number): DerElement | undefined {
    return this.#children[this.#next]?.tag === tag ? this.takeAny() : undefined
  }

  /** Throws if anything is left. */
  end(): void {
    if (this.#next !== this.#children.length) throw derInvalid('there is a field too many')
  }
}

/** The children of `element`, which must have `tag`, to be taken in order. Throws `der-invalid`. */
export function fieldsOf(element: DerElement, tag: number = derTags.sequence): DerFields {
  expectTag(element, tag)
  return new DerFields(element.children)
}

/** The elements of a SEQUENCE OF or SET OF. */
export function elementsOf(element: DerElement, tag: number = derTags.sequence): readonly DerElement[] {
  expectTag(element, tag)
  return element.children
}

/** X.690 8.2 and 11.1: TRUE is FF, FALSE is 00. */
export function booleanOf(element: DerElement): boolean {
  expectTag(element, derTags.boolean)
  if (element.content.length !== 1) throw derInvalid('a BOOLEAN that is not one octet')
  if (element.content[0] === 0xff) return true
  if (element.content[0] === 0x00) return false
  throw derInvalid('a BOOLEAN that is neither TRUE nor FALSE')
}

/** The content octets of an INTEGER, two's complement, minimal (X.690 8.3.2). */
export function integerBytesOf(element: DerElement, tag: number = derTags.integer): Uint8Array {
  expectTag(element, tag)
  const { content } = element
  const [first, second] = content
  if (first === undefined) throw derInvalid('an INTEGER without octets')
  if (content.length > integerBytesMax) throw derInvalid('an INTEGER that is too long')
  const padded =
    second !== undefined && ((first === 0x00 && second < 0x80) || (first === 0xff && second >= 0x80))
  if (padded) throw derInvalid('an INTEGER that is not minimal')
  return content
}

/** A small non-negative INTEGER, at most 2^31 − 1. */
export function smallIntegerOf(element: DerElement, tag: number = derTags.integer): number {
  const bytes = integerBytesOf(element, tag)
  if ((bytes[0] ?? 0) >= 0x80) throw derInvalid('a negative INTEGER')
  if (bytes.length > 4) throw derInvalid('an INTEGER that is too large')
  return bytes.reduce((value, byte) => value * 256 + byte, 0)
}

/** A BIT STRING of whole octets. */
export function bitStringBytesOf(element: DerElement): Uint8Array {
  expectTag(element, derTags.bitString)
  if (element.content[0] !== 0) throw derInvalid('a BIT STRING that is not of whole octets')
  return element.content.subarray(1)
}

/** The positions of the bits that are set. X.690 11.2: unused bits and trailing zero bits are absent. */
export function namedBitsOf(element: DerElement): number[] {
  expectTag(element, derTags.bitString)
  const unused = element.content[0]
  const octets = element.content.subarray(1)
  if (unused === undefined || unused > 7 || (octets.length === 0 && unused !== 0)) {
    throw derInvalid('a BIT STRING with a wrong count of unused bits')
  }
  if (octets.length > 4) throw derInvalid('a BIT STRING with too many named bits')
  const bits: number[] = []
  for (const [index, value] of octets.entries()) {
    for (let bit = 0; bit < 8; bit++) if ((value & (0x80 >> bit)) !== 0) bits.push(index * 8 + bit)
  }
  if (octets.length > 0 && bits.at(-1) !== octets.length * 8 - 1 - unused) {
    throw derInvalid('a BIT STRING of named bits that is not minimal')
  }
  return bits
}

export function octetStringOf(element: DerElement): Uint8Array {
  expectTag(element, derTags.octetString)
  return element.content
}

export function nullOf(element: DerElement): void {
  expectTag(element, derTags.null)
  if (element.content.length !== 0) throw derInvalid('a NULL with content')
}

function expectTag(element: DerElement, tag: number): void {
  if (element.tag !== tag) throw derInvalid(`tag ${hex(element.tag)} where ${hex(tag)} belongs`)
}

function hex(tag: number): string {
  return `0x${tag.toString(16).padStart(2, '0')}`
}
