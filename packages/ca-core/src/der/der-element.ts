import { derInvalid } from './der-invalid.ts'
import { derBytesMax, derDepthMax, derElementsMax } from './der-limits.ts'

/** One tag-length-value. The byte arrays are views of the input. */
export interface DerElement {
  /** The identifier octet. High tag numbers (over 30) are refused: nothing in PKIX uses them. */
  readonly tag: number
  readonly content: Uint8Array
  /** Tag, length and content. */
  readonly encoded: Uint8Array
  /** The elements inside, empty for primitive ones. */
  readonly children: readonly DerElement[]
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
  const element = readElement(bytes, 0, 0, budget)
  if (element.encoded.length !== bytes.length) throw derInvalid('bytes follow the end of the value')
  return element
}

interface Budget {
  elements: number
}

function readElement(bytes: Uint8Array, offset: number, depth: number, budget: Budget): DerElement {
  if (depth >= derDepthMax) throw derInvalid(`values are nested more than ${derDepthMax} deep`)
  if (--budget.elements < 0) throw derInvalid(`more than ${derElementsMax} elements`)
  const tag = octet(bytes, offset)
  if ((tag & 0x1f) === 0x1f) throw derInvalid('a tag number over 30')
  if (tag === 0) throw derInvalid('an end-of-contents octet')
  const { length, start } = readLength(bytes, offset + 1)
  const end = start + length
  if (end > bytes.length) throw derInvalid('a length goes past the end')
  const content = bytes.subarray(start, end)
  const children = (tag & constructedBit) === 0 ? [] : readElements(content, depth + 1, budget)
  return { tag, content, encoded: bytes.subarray(offset, end), children }
}

function readElements(content: Uint8Array, depth: number, budget: Budget): DerElement[] {
  const elements: DerElement[] = []
  for (let offset = 0; offset < content.length; ) {
    const element = readElement(content, offset, depth, budget)
    elements.push(element)
    offset += element.encoded.length
  }
  return elements
}

/** X.690 10.1: the definite form, in the fewest octets. 0x80 would be the indefinite form of BER. */
function readLength(bytes: Uint8Array, offset: number): { length: number; start: number } {
  const first = octet(bytes, offset)
  if (first < 0x80) return { length: first, start: offset + 1 }
  const count = first & 0x7f
  if (count === 0) throw derInvalid('an indefinite length')
  if (count > 3) throw derInvalid('a length of more than three octets')
  let length = 0
  for (let i = 1; i <= count; i++) length = length * 256 + octet(bytes, offset + i)
  if (length < 0x80 || length < 2 ** (8 * (count - 1))) throw derInvalid('a length that is not minimal')
  return { length, start: offset + 1 + count }
}

function octet(bytes: Uint8Array, offset: number): number {
  const value = bytes[offset]
  if (value === undefined) throw derInvalid('it ends early')
  return value
}
