import assert from 'node:assert/strict'
import { it } from 'node:test'
import { isMayflyError } from '@mayfly/ca-core'
import * as z from 'zod'
import { parseYamlConfiguration } from '../../src/configuration/read-yaml-configuration.ts'

const schema = z.strictObject({
  key: z.union([
    z.strictObject({
      text: z.string().min(2).max(3),
      list: z.array(z.string()).min(1).max(2),
      count: z.int().min(1).max(9),
      level: z.enum(['debug', 'info']),
      isOn: z.boolean(),
      own: z.string().min(2, 'Must be long enough'),
      section: z.record(z.string(), z.string()),
    }),
  ]),
})

function problemsOf(line: string): string {
  const good = {
    text: 'ab',
    list: '[a]',
    count: '1',
    level: 'info',
    isOn: 'true',
    own: 'ab',
    section: '{}',
  }
  const [key = '', ...value] = line.split(': ')
  const lines = Object.entries({ ...good, [key]: value.join(': ') }).map(([name, it]) => `  ${name}: ${it}`)
  try {
    parseYamlConfiguration(['key:', ...lines].join('\n'), 'x.yaml', schema)
    return ''
  } catch (error) {
    assert.ok(isMayflyError(error))
    return error.message.replace(/^x\.yaml:\d+:\d+: key\./, '')
  }
}

for (const [line, told] of [
  ['text: 8443', 'text: must be text, and is a number'],
  ['text: { a: b }', 'text: must be text, and is a section of keys'],
  ['text: ', 'text: must be text, and is empty'],
  ['text: a', 'text: must have at least 2 characters'],
  ['text: abcd', 'text: must have at most 3 characters'],
  ['list: a', 'list: must be a list, and is text'],
  ['list: []', 'list: must have at least 1 entry'],
  ['list: [a, b, c]', 'list: must have at most 2 entries'],
  ['list: [1]', 'list[0]: must be text, and is a number'],
  ['count: many', 'count: must be a number, and is text'],
  ['count: 1.5', 'count: must be a whole number, and is a number'],
  ['count: 0', 'count: must be at least 1'],
  ['count: 10', 'count: must be at most 9'],
  ['level: loud', 'level: must be one of debug, info'],
  ['isOn: yes', 'isOn: must be true or false, and is text'],
  ['own: a', 'own: must be long enough'],
  ['section: ', 'section: must be a section of keys, and is empty'],
  ['section: true', 'section: must be a section of keys, and is true or false'],
] as const) {
  it(`${line} → ${told}`, () => assert.equal(problemsOf(line), told))
}
