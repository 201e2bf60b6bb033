import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { shippedFiles } from '../tidy/source-files.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const page = read('docs/rotation-cycle.md')
const [, afterTitle = ''] = page.split('\n## The steps\n')
const steps = Array.from(afterTitle.matchAll(/^\| `([a-z.]+)` \|/gm), ([, step = '']) => step)

describe('docs/rotation-cycle.md', () => {
  it('the steps: → those that the agent tells of, and no others', () => {
    const told = shippedFiles()
      .filter(({ path }) => path.startsWith('packages/agent/'))
      .flatMap(({ text }) => Array.from(text.matchAll(/trace\.step\('([a-z.]+)'/g), ([, step = '']) => step))
    assert.deepEqual([...new Set(told)].sort(), steps.toSorted())
  })

  it('the steps: → each is one at which the agent is killed, in this order', () => {
    const [, list = ''] = read('test/crash/agent-rotation.test.ts').split('const steps = [')
    const killed = Array.from(
      list.slice(0, list.indexOf(']')).matchAll(/'([a-z.]+)'/g),
      ([, step = '']) => step,
    )
    assert.deepEqual(killed, steps)
  })
})
