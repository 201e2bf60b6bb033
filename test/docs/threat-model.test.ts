import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/threat-model.md'), 'utf8')
const rows = page
  .slice(page.indexOf('| class |'))
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| class'))
  .map((line) => line.split(' | '))

/** Its first words, without the article: what names of tests begin with. */
function nameOf(threat: string): string {
  const [words = ''] = threat
    .replace('| ', '')
    .replaceAll('`', '')
    .split(/[:;(,]/)
  return words.replace(/^an? /, '').trim()
}

describe('docs/threat-model.md', () => {
  it('every class of mistakes: → what is done against it, and tests that are there', () => {
    assert.ok(rows.length >= 21)
    for (const [threat = '', answer = '', tests = ''] of rows) {
      assert.notEqual(answer, '', threat)
      const paths = Array.from(tests.matchAll(/`([^`]+)`/g), ([, path = '']) => path)
      assert.notEqual(paths.length, 0, threat)
      for (const path of paths) assert.ok(existsSync(join(root, path)), path)
    }
  })

  it('every class of mistakes: → a test that is named after it', () => {
    for (const [threat = '', , tests = ''] of rows) {
      const name = nameOf(threat)
      const texts = Array.from(tests.matchAll(/`([^`]+)`/g), ([, path = '']) =>
        readFileSync(join(root, path), 'utf8'),
      )
      assert.ok(
        texts.some((text) => text.includes(name)),
        name,
      )
    }
  })
})
