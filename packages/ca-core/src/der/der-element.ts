import { derInvalid } from './der-invalid.ts'
import { derBytesMax, derDepthMax, derElementsMax } from './der-limits.ts'

/** One tag-length-value. The byte arrays are views of the input, made when they are asked for. */
export class DerElement {
  /** The identifier octet. High tag numbers (over 30) are refused: nothing in PKIX uses them. */
  readonly tag: number
  /** The elements inside, empty for primitive ones. */
  readonly children: readonly DerElement[]
  /** Where it begins and ends in the input. */
  readonly start: number
  readonly end: number
  readonly #contentStart: number
  readonly #input: Uint8Array

  constructor(
    tag: number,
    children: readonly DerElement[],
    input: Uint8Array,
    [start, contentStart, end]: readonly [start: number, contentStart: number, end: number],
  ) {
    this.tag = tag
    this.children = children
    this.start = start
    this.end = end
    this.#contentStart = contentStart
    this.#input = input
  }

  get content(): Uint8Array {
    return this.#input.subarray(this.#contentStart, this.end)
  }

  /** Tag, length and content. */
  get encoded(): Uint8Array {
    return this.#input.subarray(this.start, this.end)
  }
}

export interface DerLimits {
  readonly bytesMax?: number
}

const constructedBit = 0x20

/**
 * Reads exactly one element that fills `bytes`, in the one way that DER allows (X.690 10.1):
 * definite minimal lengths, no trailing bytes, bounded depth, size and number of elements.
 * Throws `der-invalid`.
 */
export function parseDer(bytes: Uint8Array, limits: DerLimits = {}): DerElement {
  const bytesMax = limits.bytesMax ?? derBytesMax
  if (bytes.length > bytesMax) throw derInvalid(`${bytes.length} bytes, and at most ${bytesMax} are read`)
  const budget = { elements: derElementsMax }
  const element = readElement(bytes, 0, bytes.length, 0, budget)
  if (element.end !== bytes.length) throw derInvalid('bytes follow the end of the value')
  return element
}

interface Budget {
  elements: number
}

function readElement(
  bytes: Uint8Array,
  offset: number,
  limit: number,
  depth: number,
  budget: Budget,
): DerElement {
  if (depth >= derDepthMax) throw derInvalid(`values are nested more than ${derDepthMax} deep`)
  if (--budget.elements < 0) throw derInvalid(`more than ${derElementsMax} elements`)
  const tag = tagAt(bytes, offset, limit)
  const { length, start } = readLength(bytes, offset + 1, limit)
  const end = start + length
  if (end > limit) throw derInvalid('a length goes past the end')
  const children = (tag & constructedBit) === 0 ? none : readElements(bytes, start, end, depth + 1, budget)
  return new DerElement(tag, children, bytes, [offset, start, end])
}

const none: readonly DerElement[] = []

function readElements(
  bytes: Uint8Array,
  start: number,
  end: number,
  depth: number,
  budget: Budget,
): DerElement[] {
  const elements: DerElement[] = []
  for (let offset = start; offset < end; ) {
    const element = readElement(bytes, offset, end, depth, budget)
    elements.push(element)
    offset = element.end
  }
  return elements
}

/** The identifier octet at `offset`, one octet long. */
export function tagAt(bytes: Uint8Array, offset: number, limit: number): number {
  const tag = octet(bytes, offset, limit)
  if ((tag & 0x1f) === 0x1f) throw derInvalid('a tag number over 30')
  if (tag === 0) throw derInvalid('an end-of-contents octet')
  return tag
}

/** X.690 10.1: the definite form, in the fewest octets. 0x80 would be the indefinite form of BER. */
export function readLength(
  bytes: Uint8Array,
  offset: number,
  limit: number,
): { length: number; start: number } {
  const first = octet(bytes, offset, limit)
  if (first < 0x80) return { length: first, start: offset + 1 }
  const count = first & 0x7f
  if (count === 0) throw derInvalid('an indefinite length')
  if (count > 3) throw derInvalid('a length of more than three octets')
  let length = 0
  for (let i = 1; i <= count; i++) length = length * 256 + octet(bytes, offset + i, limit)
  if (length < 0x80 || length < 2 ** (8 * (count - 1))) throw derInvalid('a length that is not minimal')
  return { length, start: offset + 1 + count }
}

/** The octet at `offset`, which must stand before `limit`, the end of the element around it. */
function octet(bytes: Uint8Array, offset: number, limit: number): number {
  const value = bytes[offset]
  if (value === undefined || offset >= limit) throw derInvalid('it ends early')
  return value
}
