import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { withoutPackages } from '../support/missing-programs.ts'

const run = promisify(execFile)
const folder = join(import.meta.dirname, '../../packaging/systemd')

/** How much the service manager may find exposed, of 10. The agent changes owners and reloads servers. */
const exposureMax = { 'mayfly-issuer': 2, 'mayfly-agent': 2.7 }

interface Finding {
  readonly name: string
  readonly exposure: string | null
}

describe('systemd units', { skip: withoutPackages('systemd') }, () => {
  let root: string
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'units-'))
  })
  after(() => rm(root, { recursive: true }))

  for (const [name, maximum] of Object.entries(exposureMax)) {
    const unit = `${name}.service`

    it(`${unit}: verified by systemd → nothing to say`, async () => {
      const program = join(root, 'mayfly')
      await writeFile(program, '#!/bin/sh\n', { mode: 0o755 })
      const text = await readFile(join(folder, unit), 'utf8')
      await writeFile(join(root, unit), text.replace('/usr/bin/mayfly', program))
      const { stderr } = await run('systemd-analyze', ['verify', '--man=no', join(root, unit)])
      assert.equal(stderr, '')
    })

    it(`${unit}: SIGUSR1 at any time opens no inspector, and SIGUSR2 is heard`, {
      timeout: 30_000,
    }, async () => {
      const text = await readFile(join(folder, unit), 'utf8')
      const [, nodeOptions = ''] = /^Environment="?NODE_OPTIONS=([^"\n]*)"?$/m.exec(text) ?? []
      const script =
        "process.on('SIGUSR2', () => process.exit(7)); setInterval(() => undefined, 1e3); console.log('ready')"
      const child = spawn(process.execPath, ['-e', script], { env: { NODE_OPTIONS: nodeOptions } })
      await once(child.stdout, 'data')
      const [, blocked = ''] =
        /^SigBlk:\s*([0-9a-f]+)$/m.exec(await readFile(`/proc/${child.pid}/status`, 'utf8')) ?? []
      assert.equal(
        (BigInt(`0x${blocked}`) >> BigInt(constants.signals.SIGUSR1 - 1)) & 1n,
        1n,
        'SIGUSR1 is blocked',
      )
      child.kill('SIGUSR1')
      child.kill('SIGUSR2')
      assert.deepEqual(await once(child, 'close'), [7, null])
    })

    it(`${unit}: exposure → at most ${maximum}`, async () => {
      const { stdout } = await run('systemd-analyze', [
        'security',
        '--no-pager',
        '--offline=true',
        `--threshold=${maximum * 10}`,
        join(folder, unit),
      ])
      assert.match(stdout, /Overall exposure level/)
    })

    it(`${unit}: everything that still counts → explained in the unit`, async () => {
      const { stdout } = await run('systemd-analyze', [
        'security',
        '--json=short',
        '--offline=true',
        join(folder, unit),
      ])
      const comments = (await readFile(join(folder, unit), 'utf8')).match(/^#.*$/gm)?.join('\n') ?? ''
      const counted = (JSON.parse(stdout) as Finding[]).filter(({ exposure }) => Number(exposure) > 0)
      const unexplained = counted
        .map(({ name: setting }) => /^\w+=/.exec(setting)?.[0] ?? setting)
        .filter((setting) => !comments.includes(setting))
      assert.deepEqual(unexplained, [])
    })
  }
})
