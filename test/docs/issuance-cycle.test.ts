import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { shippedFiles } from '../tidy/source-files.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const page = read('docs/issuance-cycle.md')

/** Of one certificate, in their order. */
const certificateSteps = stepsOfTable('The steps')
const sweepSteps = ['sweep.started', 'sweep.finished']
const retiringSteps = stepsOfTable('A tainted intermediate')

/** Told when something of the cycle or of another page is done already: nothing follows that a crash could keep away. */
const beside = /^(?:identity\.suspended|authority\.tainted|serial\.burnt|audit\..*|restore\..*)$/

function stepsOfTable(heading: string): string[] {
  const [, section = ''] = page.split(`\n## ${heading}\n`)
  const [table = ''] = section.split('\n## ')
  return Array.from(table.matchAll(/^\| `([a-z.-]+)` \|/gm), ([, step = '']) => step)
}

/** The steps at which a crash test kills, in its order. */
function killedIn(path: string, list: string): string[] {
  const [, after = ''] = read(path).split(`const ${list} = [`)
  const entries = after.slice(0, after.indexOf('\n]'))
  return Array.from(entries.matchAll(/killAt: '([a-z.-]+)'/g), ([, step = '']) => step)
}

describe('docs/issuance-cycle.md', () => {
  it('the steps → those that the issuer tells of, and no others', () => {
    const told = shippedFiles()
      .filter(({ path }) => path.startsWith('packages/issuer-daemon/'))
      .flatMap(({ text }) =>
        Array.from(
          text.matchAll(/(?:trace\.step\(|traceStep\([\w.]+, )'([a-z.-]+)'/g),
          ([, step = '']) => step,
        ),
      )
      .filter((step) => !beside.test(step))
    const walked = [...certificateSteps, ...sweepSteps, ...retiringSteps]
    assert.deepEqual([...new Set(told)].sort(), walked.sort())
    for (const step of sweepSteps) assert.ok(page.includes(`\`${step}\``), step)
  })

  it('the steps → each is one at which the issuer is killed, in this order', () => {
    const crashTest = 'test/crash/issuer-crash.test.ts'
    assert.deepEqual(killedIn(crashTest, 'steps'), certificateSteps)
    const [started, finished] = sweepSteps
    const within = certificateSteps.filter((step) => step !== 'request.accepted' && step !== 'answered')
    assert.deepEqual(killedIn(crashTest, 'sweepSteps'), [started, ...within, finished])
    assert.deepEqual(killedIn('test/crash/retired-intermediate.test.ts', 'steps'), retiringSteps)
  })

  it('the files that it names → are there', () => {
    const paths = Array.from(
      page.matchAll(/`([\w/-]+\.test\.ts|[\w/-]+\/[\w-]+\.ts)`/g),
      ([, path = '']) => path,
    )
    assert.ok(paths.length > 10)
    const places = ['', 'test/faults/', 'packages/', 'packages/issuer-daemon/src/']
    for (const path of paths)
      assert.ok(
        places.some((place) => existsSync(join(root, place, path))),
        path,
      )
  })
})
