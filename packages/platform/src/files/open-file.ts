import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { FileAccess } from '@mayfly/ca-core'
import { effectiveUserId } from './effective-user.ts'
import { errnoOf } from './file-error.ts'

/** Opens `path`, hands the file to `use`, and closes it whatever happens. */
export async function withFile<T>(
  path: string,
  flags: number,
  mode: number,
  use: (file: FileHandle) => Promise<T>,
): Promise<T> {
  const file = await open(path, flags, mode)
  try {
    return await use(file)
  } finally {
    await file.close()
  }
}

/**
 * Gives an open file its final access. The owner goes first: `chown` clears the set-id bits, and until
 * the mode is set nobody but the creator could read the file.
 */
export async function applyAccess(file: FileHandle, access: FileAccess): Promise<void> {
  if (access.uid !== undefined || access.gid !== undefined) {
    await file.chown(access.uid ?? keepId, access.gid ?? keepId)
  }
  await setMode(file, access.mode)
}

/** Everybody may read it anyway. */
const publicMask = 0o044

/**
 * FAT, which most sticks between a root and its issuer have, holds no modes and refuses to set one. Where
 * everybody may read the file nothing is lost by that; anything else is not to lie on such a disk.
 */
async function setMode(file: FileHandle, mode: number): Promise<void> {
  try {
    await file.chmod(mode)
  } catch (error) {
    const isPublic = (mode & publicMask) === publicMask
    if (errnoOf(error) !== 'EPERM' || !isPublic || !(await isOurs(file))) throw error
  }
}

/** Whether its mode is ours to set, so that a refusal comes from the file system itself. */
async function isOurs(file: FileHandle): Promise<boolean> {
  const self = effectiveUserId()
  return self === 0 || (await file.stat()).uid === self
}

/** Makes the entries of the folder durable. */
export async function syncFolder(path: string): Promise<void> {
  await withFile(path, constants.O_RDONLY | constants.O_DIRECTORY, 0, (folder) => folder.sync())
}

/** chown(2): an id of -1 is left as it is. */
const keepId = -1
