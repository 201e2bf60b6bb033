import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { isMayflyError } from '@mayfly/ca-core'
import { lockFile } from '@mayfly/platform'

describe('lockFile', () => {
  let root: string
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'mayfly-lock-'))
  })
  after(() => rm(root, { recursive: true }))

  it('held by this process → already-running; released → free', async () => {
    const path = join(root, 'same')
    const lock = await lockFile(path)
    await assert.rejects(lockFile(path), isHeld)
    lock.release()
    lock.release()
    const next = await lockFile(path)
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    next.release()
  })

  it('held by another process → already-running; that one killed → free at once', async () => {
    const path = join(root, 'other')
    const holder = await startHolder(path)
    await assert.rejects(lockFile(path), isHeld)
    holder.kill('SIGKILL')
    await once(holder, 'exit')
    const lock = await lockFile(path)
    lock.release()
  })

  it('files followed through symbolic links: a link stands there → refused', async () => {
    await symlink(join(root, 'elsewhere'), join(root, 'link'))
    await assert.rejects(lockFile(join(root, 'link')), (error) => isMayflyError(error, 'file-unwritable'))
  })

  it('something else stands there → refused for that, and not as held', async () => {
    const path = join(root, 'letter')
    await writeFile(path, 'a letter, and a long one\n'.repeat(500))
    await assert.rejects(lockFile(path), (error) => {
      assert.ok(isMayflyError(error) && error.code !== 'already-running', String(error))
      assert.match(error.message, /letter/)
      return true
    })
  })

  it('the folder is missing → file-missing', async () => {
    await assert.rejects(lockFile(join(root, 'no', 'lock')), (error) => isMayflyError(error, 'file-missing'))
  })
})

function isHeld(error: unknown): boolean {
  return isMayflyError(error, 'already-running')
}

/** Another process that holds the lock until it is killed. */
async function startHolder(path: string): Promise<ChildProcess> {
  const program = `
    import { lockFile } from '@mayfly/platform'
    await lockFile(process.argv[1])
    console.log('locked')
    setInterval(() => undefined, 60_000)`
  const holder = spawn(process.execPath, ['-C', 'source', '--input-type=module', '-e', program, path], {
    cwd: join(import.meta.dirname, '../../../../test'),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(holder.stdout, 'data')
  return holder
}
