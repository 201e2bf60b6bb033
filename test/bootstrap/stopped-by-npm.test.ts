import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import manifest from '../../package.json' with { type: 'json' }

const root = join(import.meta.dirname, '../..')

/** In the place of the bootstrap: says its process id, and ends in its own way at a signal. */
const standIn = `
for (const [signal, code] of [['SIGTERM', 71], ['SIGINT', 72]]) process.once(signal, () => process.exit(code))
console.log('pid', process.pid)
setInterval(() => {}, 1000)
`

describe('a signal to npm run', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mayfly-npm-'))
    await mkdir(join(folder, 'scripts'))
    await copyFile(join(root, 'package.json'), join(folder, 'package.json'))
    await copyFile(join(root, 'scripts/bootstrap.sh'), join(folder, 'scripts/bootstrap.sh'))
    await writeFile(join(folder, 'scripts/bootstrap.mjs'), standIn)
  })
  after(() => rm(folder, { recursive: true }))

  async function saidPid({ stdout }: ChildProcess): Promise<number> {
    let said = ''
    for await (const part of stdout ?? []) {
      said += part
      const [, pid] = /^pid (\d+)$/m.exec(said) ?? []
      if (pid !== undefined) return Number(pid)
    }
    throw new Error(`npm has ended: ${said}`)
  }

  for (const [signal, code] of [
    ['SIGTERM', 71],
    ['SIGINT', 72],
  ] as const) {
    it(`${signal}: → ends what was started, whose exit code npm gives back`, {
      timeout: 60_000,
    }, async () => {
      const npm = spawn('npm', ['run', 'demo'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
      const ended = once(npm, 'exit')
      const pid = await saidPid(npm)
      try {
        npm.kill(signal)
        assert.deepEqual(await ended, [code, null])
        assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
      } finally {
        if (npm.exitCode === null) npm.kill('SIGKILL')
        try {
          process.kill(pid, 'SIGKILL')
        } catch {
          // It has ended, as it should.
        }
      }
    })
  }

  it('every script: → hands its process on to the bootstrap, as this one does', () => {
    const others = Object.entries(manifest.scripts).filter(
      ([name, line]) => line !== `exec sh scripts/bootstrap.sh ${name}`,
    )
    assert.deepEqual(others, [])
  })
})
