import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'

const watch = new URL('./hang-watch.ts', import.meta.url).href

/** Reads well a few times, and then does what `last` says. */
const programOf = (last: string): string => `
  import { setTimeout as sleep } from 'node:timers/promises'
  import { watchHangs } from '${watch}'
  const watch = watchHangs(400)
  for (const input of ['one', 'two']) {
    watch.begin('good', Buffer.from(input))
    await sleep(300)
    watch.end()
  }
  await sleep(600)
  watch.begin('bad', Buffer.from('three'))
  ${last}
  watch.end()
  console.log('done')`

async function run(last: string): Promise<{ stdout: string; stderr: string; signal: string | null }> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', programOf(last)])
  const [stdout, stderr, [, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ])
  return { stdout, stderr, signal }
}

test('hang watch: a reader that never comes back → the process ends, and tells which input it was', async () => {
  const { stderr, signal } = await run('for (;;);')
  assert.equal(signal, 'SIGKILL')
  assert.ok(stderr.includes(`bad: hangs\n  input: ${Buffer.from('three').toString('base64')}\n`), stderr)
})

test('hang watch: readers that come back, and time between them → nothing is said, and nobody waits for it', async () => {
  assert.deepEqual(await run(''), { stdout: 'done\n', stderr: '', signal: null })
})
