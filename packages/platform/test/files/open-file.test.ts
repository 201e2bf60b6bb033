import assert from 'node:assert/strict'
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { applyAccess } from '../../src/files/open-file.ts'

/** A file on a disk that holds no modes, such as FAT. */
async function openWithoutModes(context: { after(work: () => Promise<void>): void }): Promise<FileHandle> {
  const folder = await mkdtemp(join(tmpdir(), 'mayfly-open-file-'))
  const file = await open(join(folder, 'file'), 'w')
  context.after(async () => {
    await file.close()
    await rm(folder, { recursive: true })
  })
  file.chmod = () => Promise.reject(Object.assign(new Error('operation not permitted'), { code: 'EPERM' }))
  return file
}

test('access on a disk without modes: for everybody to read → given up; for few → refused', async (context) => {
  const file = await openWithoutModes(context)
  await applyAccess(file, { mode: 0o644 })
  for (const mode of [0o600, 0o640, 0o700]) {
    await assert.rejects(applyAccess(file, { mode }), { code: 'EPERM' })
  }
})
