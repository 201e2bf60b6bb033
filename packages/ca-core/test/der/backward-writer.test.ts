import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BackwardWriter } from '../../src/der/backward-writer.ts'
import { encodeElement } from '../../src/der/der-writer.ts'
import { ownBytes } from '../../src/der/own-bytes.ts'

type Tree = Uint8Array | readonly Tree[]

const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.uint8Array({ maxLength: 300, size: 'max' }),
    fc.array(tie('tree'), { maxLength: 6 }),
  ),
}))

const encode = (value: Tree): Uint8Array =>
  value instanceof Uint8Array ? encodeElement(0x04, value) : encodeElement(0x30, ...value.map(encode))

function write(writer: BackwardWriter, value: Tree): void {
  const end = writer.position
  if (value instanceof Uint8Array) writer.bytes(value)
  else for (const child of value.toReversed()) write(writer, child)
  writer.header(value instanceof Uint8Array ? 0x04 : 0x30, end)
}

test('BackwardWriter: any nested elements, one after the other → the octets of the forward writer', () => {
  const writer = new BackwardWriter()
  fc.assert(
    fc.property(tree, (value) => {
      write(writer, value)
      assert.deepEqual(writer.take(), encode(value))
    }),
    { numRuns: 500 },
  )
})

test('BackwardWriter: more than its buffer holds → grows, and keeps what was written', () => {
  const writer = new BackwardWriter()
  for (const length of [127, 128, 255, 256, 65_535, 65_536, 200_000]) {
    const content = new Uint8Array(length).map((_, at) => at)
    const value = [content, content]
    write(writer, value)
    assert.deepEqual(writer.take(), encode(value))
  }
})

test('BackwardWriter: text and digits → octets; text outside ASCII, half a digit pair → TypeError, and forgotten', () => {
  const writer = new BackwardWriter()
  writer.hex('00ff10')
  writer.ascii('web-1')
  assert.deepEqual(writer.take(), Uint8Array.from([...Buffer.from('web-1'), 0x00, 0xff, 0x10]))
  assert.throws(() => writer.ascii('wéb'), TypeError)
  writer.clear()
  assert.throws(() => writer.hex('0g'), TypeError)
  writer.clear()
  assert.deepEqual(writer.take(), new Uint8Array())
})

test('ownBytes: many copies, small and large → each keeps its own octets, whatever happens to the input', () => {
  const input = new Uint8Array(9_000)
  const copies = Array.from({ length: 300 }, (_, number) => {
    input.fill(number)
    return ownBytes(input.subarray(0, (number * 37) % input.length))
  })
  for (const [number, copy] of copies.entries()) {
    assert.deepEqual(copy, new Uint8Array((number * 37) % input.length).fill(number))
  }
})
