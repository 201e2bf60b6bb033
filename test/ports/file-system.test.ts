import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { isMayflyError } from '@mayfly/ca-core'
import { nodeFileSystem } from '@mayfly/platform'
import { MemoryFileSystem } from '../fakes/memory-file-system.ts'
import { fileSystemSuite } from '../suites/file-system-suite.ts'

fileSystemSuite('the machine', async () => {
  const root = await mkdtemp(join(tmpdir(), 'mayfly-files-'))
  return { fileSystem: nodeFileSystem, root, remove: () => rm(root, { recursive: true }) }
})

fileSystemSuite('in memory', async () => {
  const fileSystem = new MemoryFileSystem()
  await fileSystem.makeDirectory('/root', { mode: 0o700 })
  return { fileSystem, root: '/root', remove: async () => undefined }
})

describe('MemoryFileSystem', () => {
  const content = new TextEncoder().encode('one')
  const access = { mode: 0o600 }

  it('powerLoss: created but the folder not synced → gone; synced → there', async () => {
    const files = new MemoryFileSystem()
    await files.createFile('/lost', content, access)
    files.powerLoss()
    assert.equal(await files.status('/lost'), undefined)
    await files.createFile('/kept', content, access)
    await files.syncDirectory('/')
    files.powerLoss()
    assert.deepEqual(await files.list('/'), ['kept'])
  })

  it('powerLoss: replaced, appended, linked, folder made → all there', async () => {
    const files = new MemoryFileSystem()
    await files.makeDirectory('/a/b', { mode: 0o700 })
    await files.replaceFile('/a/b/file', content, access)
    await files.appendFile('/a/b/file', content, access)
    await files.replaceSymlink('/a/link', 'b')
    files.powerLoss()
    assert.equal(new TextDecoder().decode(await files.readFile('/a/link/file')), 'oneone')
  })

  it('powerLoss: renamed or removed but not synced → as before', async () => {
    const files = new MemoryFileSystem()
    await files.replaceFile('/a', content, access)
    await files.replaceFile('/b', content, access)
    await files.rename('/a', '/c')
    await files.remove('/b')
    files.powerLoss()
    assert.deepEqual(await files.list('/'), ['a', 'b'])
  })

  it('fail: ENOSPC, EROFS, EACCES → the codes of a real disk, then healed', async () => {
    const files = new MemoryFileSystem()
    const expected = { ENOSPC: 'disk-full', EROFS: 'file-unwritable', EACCES: 'permission-denied' } as const
    for (const [errno, code] of Object.entries(expected)) {
      files.fail({ errno, operation: 'replaceFile', path: /key\.pem$/, times: 1 })
      await assert.rejects(files.replaceFile('/key.pem', content, access), (error) =>
        isMayflyError(error, code),
      )
      await files.replaceFile('/key.pem', content, access)
    }
    files.fail({ errno: 'EIO' })
    await assert.rejects(files.readFile('/key.pem'), (error) => isMayflyError(error, 'file-unreadable'))
    files.heal()
    await files.readFile('/key.pem')
  })
})
