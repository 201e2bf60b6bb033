import { styleText } from 'node:util'
import { printable } from './printable.ts'

/** What a command has to say when it is done: as lines for a person, or as one JSON value for a program. */
export interface Answer {
  readonly json: unknown
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

/** Rows under a heading row, each column as wide as its widest cell. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const cells = rows.map((row) => row.map(printable))
  const widths = header.map((name, index) =>
    Math.max(name.length, ...cells.map((row) => row[index]?.length ?? 0)),
  )
  const lineOf = (row: readonly string[]): string =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd()
  return [faint(lineOf(header)), ...cells.map(lineOf)]
}
