import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'

const root = join(import.meta.dirname, '../..')
const rows = readFileSync(join(root, 'docs/faults.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| fault'))
  .map((line) => line.split(' | '))

describe('docs/faults.md', () => {
  it('every fault: → what happens, and tests that are there', () => {
    assert.ok(rows.length >= 35)
    for (const [fault = '', happens = '', tests = ''] of rows) {
      assert.notEqual(happens, '', fault)
      const paths = Array.from(tests.matchAll(/`([^`]+)`/g), ([, path = '']) => path)
      assert.notEqual(paths.length, 0, fault)
      for (const path of paths) assert.ok(existsSync(join(root, path)), path)
    }
  })
})
