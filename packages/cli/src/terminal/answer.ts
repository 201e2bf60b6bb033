import { styleText } from 'node:util'
import { printable } from './printable.ts'

/** What a command has to say when it is done: as lines for a person, or as one JSON value for a program. */
export interface Answer<Json = unknown> {
  readonly json: Json
  readonly lines: readonly string[]
  /** 0 unless the command documents others. */
  readonly exitCode?: number
}

/** A heading; plain where NO_COLOR is set or the output is a pipe. */
export function heading(text: string): string {
  return styleText('bold', printable(text))
}

export function faint(text: string): string {
  return styleText('dim', printable(text))
}

/** Names and values in two columns. */
export function columns(rows: readonly (readonly [name: string, value: string])[]): string[] {
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `  ${faint(name.padEnd(width))}  ${printable(value)}`.trimEnd())
}

/** A message of several lines, such as the mistakes of a file, for a column. */
export function onOneLine(text: string): string {
  return text.replaceAll('\n', '; ')
}

/** Rows under a heading row, each column as wide as its widest cell. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return growingTable(header)(rows)
}

/**
 * A table that is shown while it is read: each call gives the lines of some more rows, the first with the heading
 * row. Columns grow with what comes.
 */
export function growingTable(header: readonly string[]): (rows: readonly (readonly string[])[]) => string[] {
  let widths = header.map((name) => name.length)
  let isFirst = true
  const lineOf = (row: readonly string[]): string =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd()
  return (rows) => {
    const cells = rows.map((row) => row.map(printable))
    widths = widths.map((width, index) =>
      cells.reduce((widest, row) => Math.max(widest, row[index]?.length ?? 0), width),
    )
    const lines = [...(isFirst ? [faint(lineOf(header))] : []), ...cells.map(lineOf)]
    isFirst = false
    return lines
  }
}
