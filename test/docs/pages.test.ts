import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { pages } from '../../scripts/docs/pages.ts'

const root = join(import.meta.dirname, '../..')

describe('docs', () => {
  for (const [path, page] of Object.entries(pages)) {
    it(`${path}: made from the code → current (npm run docs)`, () => {
      assert.equal(readFileSync(join(root, path), 'utf8'), page())
    })
  }
})
