import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'

const script = join(import.meta.dirname, '../../scripts/bootstrap.sh')

describe('scripts/bootstrap.sh', () => {
  let broken: string
  before(async () => {
    broken = await mkdtemp(join(tmpdir(), 'broken node-'))
    await writeFile(join(broken, 'node'), '#!/bin/sh\nexit 127\n', { mode: 0o755 })
  })
  after(() => rm(broken, { recursive: true }))

  function run(path: readonly string[]): { code: number | null; said: string } {
    const { status, stderr } = spawnSync('/bin/sh', [script], {
      env: { PATH: path.join(':') },
      encoding: 'utf8',
    })
    return { code: status, said: stderr }
  }

  it('the first Node of the path does not start: → runs on the next', () => {
    const { code, said } = run([broken, dirname(process.execPath), '/usr/bin', '/bin'])
    assert.match(said, /^Usage: npm run demo/)
    assert.equal(code, 2)
  })

  it('no Node starts: → says so', () => {
    const { code, said } = run([broken])
    assert.equal(said, 'No Node that starts is on the path: install Node 18 or later.\n')
    assert.equal(code, 1)
  })
})
