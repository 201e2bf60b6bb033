import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type EditedLine, emptyLine, typeByte } from '../../src/terminal/edited-line.ts'

function type(text: string): EditedLine & { shown: string } {
  let line = emptyLine
  let shown = ''
  for (const byte of Buffer.from(text)) {
    line = typeByte(line, byte)
    shown += line.echo
  }
  return { ...line, shown }
}

const textOf = ({ bytes }: EditedLine) => Buffer.from(bytes).toString('utf8')

test('typed line: letters and Enter → the letters', () => {
  for (const end of ['\r', '\n']) {
    const line = type(`päss${end}`)
    assert.deepEqual([line.state, textOf(line)], ['entered', 'päss'])
  }
})

test('typed line: backspace → takes one character, whatever its length in bytes', () => {
  assert.equal(textOf(type('ab\x7f')), 'a')
  assert.equal(textOf(type('aä\x08b')), 'ab')
  assert.equal(textOf(type('a€\x7f')), 'a')
  assert.equal(textOf(type('\x7f\x7f')), '')
})

test('typed line: Ctrl-U → takes all', () => {
  const line = type('wrong\x15right')
  assert.equal(textOf(line), 'right')
  assert.equal(line.shown.split('\b').length - 1, 'wrong'.length * 2)
})

test('typed line: Ctrl-C, Ctrl-D or a terminal that went away → cancelled, with nothing kept', () => {
  for (const line of [type('ab\x03'), type('ab\x04'), typeByte(type('ab'), undefined)]) {
    assert.deepEqual([line.state, line.bytes.length], ['cancelled', 0])
  }
})
