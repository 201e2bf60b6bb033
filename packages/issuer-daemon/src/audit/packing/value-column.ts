import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { formatInstant } from '@mayfly/ca-core'
import { ByteReader, ByteWriter } from './byte-stream.ts'

/** No column of a segment is larger; a damaged one must not take all memory. */
const columnBytesMax = 64 * 2 ** 20

/** How the values of a column are written: their numbers are on disk. */
const layouts = {
  texts: 0,
  /** One value for all. */
  constant: 1,
  /** Hexadecimal of one length, two digits to the byte. */
  hex: 2,
  /** Each as its difference from the one before. */
  integers: 3,
  /** RFC 3339 in UTC with milliseconds, as integers. */
  times: 4,
  /** The same values as an earlier column, by its place. */
  same: 5,
} as const

/** Values of one kind, in the order of their records, as few bytes as is easily had. */
export function writeColumn(
  values: readonly string[],
  earlier: readonly (readonly string[])[],
  out: ByteWriter,
): void {
  const twin = earlier.findIndex((other) => other.every((value, index) => value === values[index]))
  if (twin !== -1) {
    out.number(layouts.same).number(twin)
    return
  }
  const { layout, bytes } = layOut(values)
  const deflated = deflateRawSync(bytes, { level: 9 })
  const isSmaller = deflated.length < bytes.length
  out.number(layout).number(isSmaller ? 1 : 0)
  out.run(isSmaller ? deflated : bytes)
}

/** @throws Error where the bytes are not what `writeColumn` writes */
export function readColumn(
  count: number,
  earlier: readonly (readonly string[])[],
  input: ByteReader,
): string[] {
  const layout = input.number()
  if (layout === layouts.same) return [...(earlier[input.number()] ?? [])]
  const isDeflated = input.number() === 1
  const run = input.run()
  const bytes = isDeflated ? inflateRawSync(run, { maxOutputLength: columnBytesMax }) : run
  return takeUp(layout, count, bytes)
}

interface LaidOut {
  readonly layout: number
  readonly bytes: Uint8Array
}

function layOut(values: readonly string[]): LaidOut {
  const [first = ''] = values
  if (values.every((value) => value === first)) {
    return { layout: layouts.constant, bytes: Buffer.from(first, 'utf8') }
  }
  if (values.every((value) => value.length === first.length && isPackableHex(value))) {
    return { layout: layouts.hex, bytes: Buffer.from(values.join(''), 'hex') }
  }
  if (values.every((value) => String(Number(value)) === value && isInteger(Number(value)))) {
    return { layout: layouts.integers, bytes: writeIntegers(values.map(Number)) }
  }
  if (values.every(isTime)) {
    return { layout: layouts.times, bytes: writeIntegers(values.map((value) => Date.parse(value))) }
  }
  const out = new ByteWriter()
  for (const value of values) out.text(value)
  return { layout: layouts.texts, bytes: out.bytes() }
}

function takeUp(layout: number, count: number, bytes: Uint8Array): string[] {
  switch (layout) {
    case layouts.constant:
      return Array.from({ length: count }, () => Buffer.from(bytes).toString('utf8'))
    case layouts.hex: {
      const hex = Buffer.from(bytes).toString('hex')
      const length = hex.length / count
      return Array.from({ length: count }, (_, index) => hex.slice(index * length, (index + 1) * length))
    }
    case layouts.integers:
      return readIntegers(bytes, count).map(String)
    case layouts.times:
      return readIntegers(bytes, count).map(formatInstant)
    case layouts.texts: {
      const input = new ByteReader(bytes)
      return Array.from({ length: count }, () => input.text())
    }
    default:
      throw new RangeError(`a column has the unknown layout ${layout}`)
  }
}

function isPackableHex(value: string): boolean {
  return value.length >= 8 && value.length % 2 === 0 && /^[0-9a-f]+$/.test(value)
}

/** Differences of two of them, doubled for their sign, are still safe. */
function isInteger(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= Number.MAX_SAFE_INTEGER / 4
}

function isTime(value: string): boolean {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value)) return false
  const time = Date.parse(value)
  return time >= 0 && formatInstant(time) === value
}

function writeIntegers(values: readonly number[]): Uint8Array {
  const out = new ByteWriter()
  let before = 0
  for (const value of values) {
    const difference = value - before
    out.number(difference < 0 ? -2 * difference - 1 : 2 * difference)
    before = value
  }
  return out.bytes()
}

function readIntegers(bytes: Uint8Array, count: number): number[] {
  const input = new ByteReader(bytes)
  let before = 0
  return Array.from({ length: count }, () => {
    const coded = input.number()
    before += coded % 2 === 1 ? -(coded + 1) / 2 : coded / 2
    return before
  })
}
