import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { mayflyCommand, temporaryFolder } from '../support/run-mayfly.ts'

test('demo: SIGTERM while its issuer starts → ends without a complaint, and leaves nothing', async (context) => {
  const TMPDIR = await temporaryFolder(context)
  const [node, ...rest] = mayflyCommand
  const demo = spawn(node, [...rest, 'demo'], { env: { ...process.env, TMPDIR } })
  let complaint = ''
  demo.stderr.on('data', (text) => {
    complaint += text
  })
  const ended = once(demo, 'close')
  for await (const line of createInterface({ input: demo.stdout })) {
    if (!line.startsWith('2. ')) continue
    demo.kill('SIGTERM')
    // As Ctrl-C under npm comes: from the terminal, and passed on.
    demo.kill('SIGINT')
  }
  assert.deepEqual(await ended, [130, null])
  assert.equal(complaint, '')
  assert.deepEqual(await readdir(TMPDIR), [])
})
