import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chownSync, constants, statSync } from 'node:fs'
import fsPromises, {
  chmod,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { isMayflyError } from '@mayfly/ca-core'
import { nodeFileSystem, removeLeftovers, systemRandom } from '@mayfly/platform'
import { readBytesMax } from '../../src/files/node-file-system.ts'
import { temporaryPath } from '../../src/files/temporary-name.ts'

const run = promisify(execFile)
const content = new TextEncoder().encode('secret')
const isRoot = process.getuid?.() === 0

describe('nodeFileSystem', () => {
  let root: string
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'mayfly-files-'))
  })
  after(() => rm(root, { recursive: true }))

  for (const umask of [0o000, 0o077, 0o777]) {
    it(`createFile: umask ${umask.toString(8)} → the mode as given`, async () => {
      const path = join(root, `umask-${umask}`)
      const previous = process.umask(umask)
      try {
        await nodeFileSystem.createFile(path, content, { mode: 0o640 })
        await nodeFileSystem.makeDirectory(`${path}-folder`, { mode: 0o750 })
      } finally {
        process.umask(previous)
      }
      assert.equal(statSync(path).mode & 0o7777, 0o640)
      assert.equal(statSync(`${path}-folder`).mode & 0o7777, 0o750)
    })
  }

  it('keys readable for a moment: a file or folder, whatever it is to be → nobody else’s from its first moment', async (context) => {
    const born: number[] = []
    const { open, mkdir } = fsPromises
    // Whoever opened it then could go on reading, whatever its mode is later.
    context.mock.method(fsPromises, 'open', async (...args: Parameters<typeof open>) => {
      const file = await open(...args)
      if (Number(args[1]) & constants.O_CREAT) born.push((await file.stat()).mode & 0o7777)
      return file
    })
    context.mock.method(fsPromises, 'mkdir', async (...args: Parameters<typeof mkdir>) => {
      const made = await mkdir(...args)
      born.push(statSync(args[0]).mode & 0o7777)
      return made
    })
    syncBuiltinESMExports()
    const previous = process.umask(0)
    try {
      await nodeFileSystem.createFile(join(root, 'born'), content, { mode: 0o644 })
      await nodeFileSystem.replaceFile(join(root, 'born'), content, { mode: 0o640 })
      await nodeFileSystem.appendFile(join(root, 'born-log'), content, { mode: 0o644 })
      await nodeFileSystem.makeDirectory(join(root, 'born-folder'), { mode: 0o755 })
    } finally {
      process.umask(previous)
      context.mock.restoreAll()
      syncBuiltinESMExports()
    }
    assert.deepEqual(born, [0o600, 0o600, 0o600, 0o700])
  })

  it('createFile: another owner and group → given', { skip: !isRoot && 'needs root' }, async () => {
    const path = join(root, 'owned')
    await nodeFileSystem.createFile(path, content, { mode: 0o640, uid: 65_534, gid: 65_533 })
    const { uid, gid } = await stat(path)
    assert.deepEqual({ uid, gid }, { uid: 65_534, gid: 65_533 })
  })

  it('createFile: as another user than root, for somebody else → what only root may, and nothing is left', async () => {
    const folder = join(root, 'given')
    await nodeFileSystem.makeDirectory(folder, { mode: 0o777 })
    await chmod(root, 0o711)
    const path = join(folder, 'key.pem')
    if (isRoot) process.seteuid?.(65_534)
    try {
      await assert.rejects(nodeFileSystem.createFile(path, content, { mode: 0o640, uid: 1 }), {
        code: 'permission-denied',
        message: `${path}: only root may give a file to another user, or to a group that one is not in; run this as root, or name another owner and group`,
      })
    } finally {
      if (isRoot) process.seteuid?.(0)
    }
    assert.deepEqual(await readdir(folder), [])
  })

  it('replaceFile: the old one had another owner → the new access counts', {
    skip: !isRoot && 'needs root',
  }, async () => {
    const path = join(root, 'replaced')
    await writeFile(path, 'old', { mode: 0o666 })
    chownSync(path, 65_534, 65_534)
    await nodeFileSystem.replaceFile(path, content, { mode: 0o600, uid: 0, gid: 0 })
    const { uid, mode } = await stat(path)
    assert.deepEqual({ uid, mode: mode & 0o7777 }, { uid: 0, mode: 0o600 })
  })

  it('removeLeftovers: temporary files of a killed writer → gone, nothing else', async () => {
    const folder = join(root, 'leftovers')
    await nodeFileSystem.makeDirectory(folder, { mode: 0o700 })
    await writeFile(temporaryPath(join(folder, 'key.pem'), systemRandom), 'half')
    for (const name of ['key.pem', '.hidden', '.key.pem.mayfly-tmp']) await writeFile(join(folder, name), '')
    assert.equal((await removeLeftovers(nodeFileSystem, folder)).length, 1)
    assert.deepEqual((await readdir(folder)).sort(), ['.hidden', '.key.pem.mayfly-tmp', 'key.pem'])
  })

  it('readFile: what has no end → file-unreadable, with its bound', async () => {
    await assert.rejects(nodeFileSystem.readFile('/dev/zero'), {
      code: 'file-unreadable',
      message: '/dev/zero: it is longer than 64 MiB',
    })

    it('readFile: one byte too long → the same; what says that it is empty → read all the same', async () => {
      const long = join(root, 'long')
      await writeFile(long, '')
      await truncate(long, readBytesMax + 1)
      await assert.rejects(nodeFileSystem.readFile(long), { code: 'file-unreadable' })
      assert.ok((await nodeFileSystem.readFile('/proc/self/status')).byteLength > 100)
      await writeFile(long, '')
      assert.equal((await nodeFileSystem.readFile(long)).byteLength, 0)
    })
  })

  it('a disk that is full → disk-full; old file as it was, nothing left beside it', async (context) => {
    const folder = join(root, 'full')
    await nodeFileSystem.makeDirectory(folder, { mode: 0o700 })
    try {
      await run('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder])
    } catch {
      return context.skip('needs the right to mount')
    }
    try {
      const big = new Uint8Array(200_000)
      await nodeFileSystem.replaceFile(join(folder, 'a'), content, { mode: 0o600 })
      const isFull = (error: unknown): boolean => isMayflyError(error, 'disk-full')
      await assert.rejects(nodeFileSystem.replaceFile(join(folder, 'a'), big, { mode: 0o600 }), isFull)
      await assert.rejects(nodeFileSystem.appendFile(join(folder, 'a'), big, { mode: 0o600 }), isFull)
      await assert.rejects(nodeFileSystem.createFile(join(folder, 'b'), big, { mode: 0o600 }), isFull)
      assert.equal(await readFile(join(folder, 'a'), 'utf8'), 'secret')
      assert.deepEqual(await readdir(folder), ['a'])
      await run('mount', ['-o', 'remount,ro', folder])
      await assert.rejects(nodeFileSystem.createFile(join(folder, 'b'), content, { mode: 0o600 }), (error) =>
        isMayflyError(error, 'file-unwritable'),
      )
    } finally {
      await run('umount', [folder])
    }
  })
})
