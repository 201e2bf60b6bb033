import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readFirstMembers } from '../../../../test/fuzz/first-member.ts'
import { type JsonReading, readJson, readJsonBytes } from '../../src/index.ts'

for (const [what, text, is] of [
  ['a member twice', '{"a":1,"a":1}', 'ambiguous'],
  ['a member twice, spelled differently', '{"a":1,"\\u0061":2}', 'ambiguous'],
  ['a member twice, far inside', '[{"x":[{"b":{"a":1 , "c":"\\"a\\":", "a"\n:2}}]}]', 'ambiguous'],
  ['a prototype twice', '{"__proto__":1,"__proto__":2}', 'ambiguous'],
  ['one name in two objects', '{"a":{"a":1},"b":{"a":2}}', 'read'],
  ['a prototype', '{"__proto__":1}', 'read'],
  ['strings that look like members', '["\\"a\\":1", "\\\\", ":", {"a":"\\\\"}]', 'read'],
  ['a name with an escape', '{"\\u0061":1}', 'ambiguous'],
  ['a name with an escaped backslash', '{"\\\\":1}', 'ambiguous'],
  ['no object', '"a:b"', 'read'],
  ['nothing', '', 'broken'],
  ['half of an object', '{"a":1', 'broken'],
] as const) {
  test(`JSON: ${what} → ${is}`, () => {
    assert.equal(readJson(text).is, is)
    assert.equal(readJsonBytes(Buffer.from(text)).is, is)
  })
}

for (const [what, bytes] of [
  ['no UTF-8', [0x22, 0xff, 0x22]],
  ['UTF-8 with a mark', [0xef, 0xbb, 0xbf, 0x31]],
] as const) {
  test(`JSON: ${what} → broken`, () => assert.equal(readJsonBytes(Uint8Array.from(bytes)).is, 'broken'))
}

test('JSON: a great depth, a row of backslashes → read', () => {
  assert.equal(readJson(`${'['.repeat(100_000)}${']'.repeat(100_000)}`).is, 'read')
  assert.equal(readJson(JSON.stringify('\\"'.repeat(100_000))).is, 'read')
})

/** JSON as somebody else writes it: names that repeat, escapes, spaces. */
const name = fc.constantFrom('a', 'b', ':', '"', '\\', '"a":', '__proto__', '')
const space = fc.constantFrom('', ' ', '\n', '\t\r')
const spelled = fc
  .tuple(name, fc.boolean())
  .map(([text, isEscaped]) => (isEscaped ? `"${escaped(text)}"` : JSON.stringify(text)))
const { json } = fc.letrec((tie) => ({
  json: fc.oneof(
    { depthSize: 'small' },
    fc.oneof(spelled, fc.constantFrom('0', '-1e3', 'null')),
    tie('object'),
    tie('array'),
  ),
  object: fc
    .array(fc.tuple(space, spelled, space, space, tie('json'), space), { maxLength: 4 })
    .map(
      (members) =>
        `{${members.map(([a, key, b, c, value, d]) => `${a}${key}${b}:${c}${value}${d}`).join(',')}}`,
    ),
  array: fc
    .array(fc.tuple(space, tie('json')), { maxLength: 4 })
    .map((items) => `[${items.map((item) => item.join('')).join(',')}]`),
}))

function escaped(text: string): string {
  return [...text].map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')
}

test('two readings of one input: any text as JSON → read as one reads it who takes the first of two members, or refused', () => {
  const seen = new Set<JsonReading['is']>()
  fc.assert(
    fc.property(fc.oneof(json as fc.Arbitrary<string>, fc.json(), fc.string()), (text) => {
      const reading = readJson(text)
      seen.add(reading.is)
      if (reading.is === 'broken') {
        assert.throws(() => JSON.parse(text))
        return
      }
      const other = readFirstMembers(text)
      assert.equal(reading.is === 'ambiguous', other.hasRepeatedMembers || other.hasEscapedNames)
      if (reading.is === 'read') assert.deepEqual(reading.value, other.value)
    }),
    { numRuns: 3_000 },
  )
  assert.deepEqual([...seen].toSorted(), ['ambiguous', 'broken', 'read'])
})
