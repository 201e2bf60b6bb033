import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { mayflyCommand } from '../../packages/cli/test/support/run-mayfly.ts'
import { withoutPackages } from '../support/missing-programs.ts'

const skip = withoutPackages('nginx')

let home: string
let output = ''
let exitCode: number | null = null

before(async () => {
  home = await mkdtemp(join(tmpdir(), 'mayfly-scenario-'))
  if (skip !== false) return
  const [node, ...rest] = mayflyCommand
  const demo = spawn(node, [...rest, 'demo', '--keep', join(home, 'kept')])
  demo.stdout.on('data', (text) => {
    output += text
  })
  demo.stderr.on('data', (text) => {
    output += text
  })
  const [code] = await once(demo, 'close')
  exitCode = code
})

after(() => rm(home, { recursive: true, force: true }))

test('the demo in a pipe: a whole fleet → every rotation seen, no call failed, everything forbidden refused', {
  skip,
}, () => {
  assert.equal(exitCode, 0, output)
  for (const host of ['web', 'api', 'desk']) {
    assert.match(output, new RegExp(`^${host}: generation \\d+, .* rotation 3, `, 'm'))
  }
  assert.match(output, /^\d+ calls, 0 failed; 8 forbidden things tried\.$/m)
  assert.equal(output.match(/^ {3}refused: /gm)?.length, 8)
})

test('the demo with --keep: afterwards → the set-up is there, without a token, and the next commands are told', {
  skip,
}, async () => {
  const web = await readdir(join(home, 'kept', 'web'))
  assert.ok(web.includes('agent.yaml') && web.includes('state') && !web.includes('token'), web.join())
  assert.match(output, /mayfly identity resume web --config /)
})

test('the demo: its agent tests the configuration of its own nginx → not that of the machine, which only root may', {
  skip,
}, async () => {
  const agent = await readFile(join(home, 'kept', 'web', 'agent.yaml'), 'utf8')
  assert.ok(agent.includes(`configuration: ${join(home, 'kept', 'web', 'nginx.conf')}\n`), agent)
})
