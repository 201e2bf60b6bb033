import { dirname, join } from 'node:path'
import type { FileAccess, FileSystem, Random } from '@mayfly/ca-core'

const trialBytes = 8

/** The folder itself, or the nearest one above it that exists: there the agent would have to make it. */
export async function nearestFolder(fileSystem: FileSystem, folder: string): Promise<string> {
  const present = await fileSystem.status(folder)
  if (present !== undefined || dirname(folder) === folder) return folder
  return nearestFolder(fileSystem, dirname(folder))
}

/**
 * Writes a file with `access` in the folder, or in the nearest above it that exists, and removes it again.
 * Throws what the file system throws. Its name is that of an unfinished write, which every start clears away.
 */
export async function tryFolder(
  { fileSystem, random }: { readonly fileSystem: FileSystem; readonly random: Random },
  folder: string,
  access: FileAccess,
): Promise<void> {
  const unique = Buffer.from(random.bytes(trialBytes)).toString('hex')
  const path = join(await nearestFolder(fileSystem, folder), `.check.${unique}.mayfly-tmp`)
  try {
    await fileSystem.createFile(path, new Uint8Array(trialBytes), access)
  } finally {
    await fileSystem.remove(path)
  }
}
