import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { columns, onOneLine, table } from '../../src/terminal/answer.ts'
import { printable, printableLines } from '../../src/terminal/printable.ts'

const plain = (lines: readonly string[]) => lines.map(stripVTControlCharacters)

test('columns: names of different lengths → values below each other', () => {
  assert.deepEqual(
    plain(
      columns([
        ['A', '1'],
        ['Long', '2'],
        ['', '3'],
      ]),
    ),
    ['  A     1', '  Long  2', '        3'],
  )
})

test('table: → as wide as its widest cells, no blanks at the end', () => {
  assert.deepEqual(plain(table(['NAME', 'STATE'], [['a-long-name', 'new'], ['b']])), [
    'NAME         STATE',
    'a-long-name  new',
    'b',
  ])
})

test('text of others: control, direction and line characters → spelt out everywhere', () => {
  const hostile = 'a\u001b[2Jb\r\n\u202ec\u2028'
  const spelt = 'a\\u{1b}[2Jb\\u{d}\\u{a}\\u{202e}c\\u{2028}'
  assert.equal(printable(hostile), spelt)
  assert.deepEqual(plain(columns([['A', hostile]])), [`  A  ${spelt}`])
  assert.deepEqual(plain(table(['A'], [[hostile]]))[1], spelt)
  assert.equal(printableLines('one\ntwo\r'), 'one\ntwo\\u{d}')
})

test('a message of several lines: → on one, whose other control characters are shown', () => {
  const message = onOneLine('a.yaml:1:1: first\na.yaml:2:1: second\u001b[2J')
  assert.deepEqual(plain(columns([['web', message]])), [
    '  web  a.yaml:1:1: first; a.yaml:2:1: second\\u{1b}[2J',
  ])
})
