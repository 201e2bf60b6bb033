import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { shippedFiles } from '../tidy/source-files.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const found = (text: string, pattern: RegExp): string[] =>
  Array.from(text.matchAll(pattern), ([, step = '']) => step)

const page = read('docs/issuance-cycle.md')
const [, afterTitle = ''] = page.split('\n## The steps\n')
const steps = found(afterTitle.slice(0, afterTitle.indexOf('\n## ')), /^\| `([a-z.]+)` \|/gm)

/** Told when the one transaction that is all of it has come through: a crash there leaves nothing half done. */
const afterAll = ['audit.contradicted', 'authority.tainted', 'identity.suspended']

describe('docs/issuance-cycle.md', () => {
  it('the steps: → each is one at which an issuer is killed, in this order', () => {
    const [, list = ''] = read('test/crash/issuer-crash.test.ts').split('const steps = [')
    assert.deepEqual(found(list.slice(0, list.indexOf('\n]')), /killAt: '([a-z.]+)'/g), steps)
    assert.ok(steps.length > 0)
  })

  it('whatever step the issuer tells of → a crash test kills there', () => {
    const told = shippedFiles()
      .filter(({ path }) => path.startsWith('packages/issuer-daemon/'))
      .flatMap(({ text }) => found(text, /(?:trace\.step|traceStep)\((?:[\w.]+, )?'([a-z.-]+)'/g))
    const tests = readdirSync(join(root, 'test/crash')).filter((name) => name.endsWith('.test.ts'))
    const killed = new Set(tests.flatMap((name) => found(read(`test/crash/${name}`), /'([a-z]+[a-z.-]+)'/g)))
    const never = [...new Set(told)].filter((step) => !killed.has(step))
    assert.deepEqual(never.sort(), afterAll)
    assert.ok(told.includes('restore.exchanged') && told.includes('signed'))
  })
})
