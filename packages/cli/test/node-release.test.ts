import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { exitCodes } from '../src/errors/exit-codes.ts'
import { oldestNodeRelease, whyNodeIsTooOld } from '../src/node-release.ts'
import { mayflyCommand, run } from './support/run-mayfly.ts'

test('release of Node: older than the oldest → why, newer or the same → nothing', () => {
  for (const release of ['18.20.4', '20.20.2', '24.11.1'])
    assert.match(
      whyNodeIsTooOld(release, '/usr/bin/node') ?? '',
      new RegExp(`/usr/bin/node is ${release}\\.`),
    )
  for (const release of ['24.12.0', '24.21.3', '26.0.0', process.versions.node])
    assert.equal(whyNodeIsTooOld(release, ''), undefined)
})

test('release of Node: what is looked for → what the package asks for', async () => {
  const manifest = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'))
  assert.equal(manifest.engines.node, `>=${oldestNodeRelease}`)
})

test('mayfly on an older Node: → a sentence that says what to install, and no stack', async () => {
  const older = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.20.4' } })`
  const [node, ...rest] = mayflyCommand
  const { exitCode, stderr } = await run([
    node,
    '--import',
    `data:text/javascript,${encodeURIComponent(older)}`,
    ...rest,
    'root',
    'show',
  ])
  assert.match(stderr, /^mayfly: Mayfly needs Node 24\.12 or later, and .* is 18\.20\.4\. Install .*\n$/)
  assert.equal(exitCode, exitCodes['config-invalid'])
})
