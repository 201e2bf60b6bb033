import { dirname, join } from 'node:path'
import { type FileAccess, type FileSystem, isMayflyError, MayflyError, type Random } from '@mayfly/ca-core'

const trialBytes = 8
const nameBytes = 8

/** The folder itself, or the nearest one above it that exists: there the agent would have to make it. */
export async function nearestFolder(fileSystem: FileSystem, folder: string): Promise<string> {
  const present = await fileSystem.status(folder)
  if (present !== undefined || dirname(folder) === folder) return folder
  return nearestFolder(fileSystem, dirname(folder))
}

/**
 * Writes a file with `access` in the folder, or in the nearest above it that exists, and removes it again.
 * Throws what the file system throws, of the folder. Its name is that of an unfinished write, which every start clears away.
 *
 * @param size of the file, in bytes: a full disk may still have room for a small one
 */
export async function tryFolder(
  { fileSystem, random }: { readonly fileSystem: FileSystem; readonly random: Random },
  folder: string,
  access: FileAccess,
  size = trialBytes,
): Promise<void> {
  const unique = Buffer.from(random.bytes(nameBytes)).toString('hex')
  const place = await nearestFolder(fileSystem, folder)
  const path = join(place, `.check.${unique}.mayfly-tmp`)
  try {
    await fileSystem.createFile(path, new Uint8Array(size), access)
  } catch (error) {
    // What was in the way of writing is what counts.
    await fileSystem.remove(path).catch(() => undefined)
    throw aboutFolder(error, path, place)
  }
  await fileSystem.remove(path)
}

/** Nobody knows the file of the trial, and it is gone. */
function aboutFolder(error: unknown, path: string, folder: string): unknown {
  if (!isMayflyError(error)) return error
  const { code, message, details, cause } = error
  return new MayflyError(
    code,
    message.replace(path, () => folder),
    {
      details: { ...details, path: folder },
      cause,
    },
  )
}
