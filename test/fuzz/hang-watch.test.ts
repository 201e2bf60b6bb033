import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { createHangLook } from './hang-look.ts'

const watch = new URL('./hang-watch.ts', import.meta.url).href

/** Reads well twice, and then does what `last` says. */
const programOf = (hangMs: string, last: string): string => `
  import { watchHangs } from '${watch}'
  const watch = watchHangs(${hangMs})
  for (const input of ['one', 'two']) {
    watch.begin('good', Buffer.from(input))
    watch.end()
  }
  watch.begin('bad', Buffer.from('three'))
  ${last}
  watch.end()
  console.log('done')`

async function run(program: string): Promise<{ stdout: string; stderr: string; signal: string | null }> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program])
  const [stdout, stderr, [, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ])
  return { stdout, stderr, signal }
}

test('hang watch: a reader that never comes back → the process ends, and tells which input it was', async () => {
  const { stderr, signal } = await run(programOf('400', 'for (;;);'))
  assert.equal(signal, 'SIGKILL')
  assert.ok(stderr.includes(`bad: hangs\n  input: ${Buffer.from('three').toString('base64')}\n`), stderr)
})

test('hang watch: readers that come back → nothing is said, and nobody waits for it', async () => {
  assert.deepEqual(await run(programOf('', '')), { stdout: 'done\n', stderr: '', signal: null })
})

for (const [what, looks, expected] of [
  [
    'one reading at every look',
    [
      [1, 0],
      [1, 399],
      [1, 400],
    ],
    [false, false, true],
  ],
  [
    'a reading that is first seen late',
    [
      [0, 0],
      [1, 900],
      [1, 1_299],
      [1, 1_300],
    ],
    [false, false, false, true],
  ],
  [
    'other readings, each shorter',
    [
      [1, 0],
      [3, 300],
      [5, 600],
      [5, 999],
    ],
    [false, false, false, false],
  ],
  [
    'nothing is read',
    [
      [0, 0],
      [0, 500],
      [2, 1_000],
      [2, 9_000],
    ],
    [false, false, false, false],
  ],
] as const) {
  test(`hang look: ${what} → hangs only after the limit of one reading`, () => {
    const hangs = createHangLook(400)
    assert.deepEqual(
      looks.map(([turn, nowMs]) => hangs(turn, nowMs)),
      expected,
    )
  })
}
