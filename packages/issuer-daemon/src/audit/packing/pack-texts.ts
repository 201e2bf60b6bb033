import { ByteReader, ByteWriter } from './byte-stream.ts'
import { joinText, splitText } from './text-template.ts'
import { readColumn, writeColumn } from './value-column.ts'

/** The first byte of all packed texts. */
const formatNumber = 1

/** Far more than are ever packed together; damaged bytes must not take all memory. */
const textsMax = 65_536
const valuesMax = 1_024

/** Texts of one template, by their values in columns. */
interface Kind {
  readonly template: string
  readonly rows: (readonly string[])[]
}

/**
 * Packs lines of JSON that are much alike: what they have in common is kept once, and the values of one place lie
 * side by side. Random ones, such as serials, cost the bytes that they are; all others next to nothing.
 */
export function packTexts(texts: readonly string[]): Uint8Array {
  const kinds = new Map<string, Kind & { readonly number: number }>()
  const order = texts.map((text) => {
    const { template, values } = splitText(text)
    const kind = kinds.get(template) ?? { template, rows: [], number: kinds.size }
    kinds.set(template, kind)
    kind.rows.push(values)
    return kind.number
  })
  const out = new ByteWriter().number(formatNumber).number(texts.length).number(kinds.size)
  writeColumn(order.map(String), [], out)
  for (const kind of kinds.values()) writeKind(kind, out)
  return out.bytes()
}

/** @throws Error where the bytes are not what `packTexts` gives */
export function unpackTexts(packed: Uint8Array): string[] {
  const input = new ByteReader(packed)
  const format = input.number()
  if (format !== formatNumber) throw new RangeError(`texts are packed in the unknown format ${format}`)
  const count = readCount(input, textsMax)
  const kindCount = readCount(input, count)
  const order = readColumn(count, [], input).map(Number)
  const kinds = Array.from({ length: kindCount }, () => readKind(input).values())
  const texts = order.map((kind) => {
    const next = kinds[kind]?.next()
    if (next?.value === undefined) throw new RangeError('a text is missing')
    return next.value
  })
  if (!input.isAtEnd) throw new RangeError('there is more than the texts')
  return texts
}

function writeKind({ template, rows }: Kind, out: ByteWriter): void {
  const columnCount = rows[0]?.length ?? 0
  out.text(template).number(rows.length).number(columnCount)
  const columns = Array.from({ length: columnCount }, (_, place) => rows.map((row) => row[place] ?? ''))
  for (const [place, column] of columns.entries()) writeColumn(column, columns.slice(0, place), out)
}

function readKind(input: ByteReader): string[] {
  const template = input.text()
  const rowCount = readCount(input, textsMax)
  const columnCount = readCount(input, valuesMax)
  const columns: string[][] = []
  for (let place = 0; place < columnCount; place++) columns.push(readColumn(rowCount, columns, input))
  return Array.from({ length: rowCount }, (_, row) =>
    joinText({ template, values: columns.map((column) => column[row] ?? '') }),
  )
}

function readCount(input: ByteReader, max: number): number {
  const count = input.number()
  if (count > max) throw new RangeError(`${count} is more than ${max}`)
  return count
}
