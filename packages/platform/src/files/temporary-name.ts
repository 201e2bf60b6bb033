import { basename, dirname, join } from 'node:path'
import type { FileSystem, Random } from '@mayfly/ca-core'

/** Long enough that two writers of one file never meet: 64 bits. */
const uniqueBytes = 8
const temporaryPattern = /^\..+\.[0-9a-f]{16}\.mayfly-tmp$/

/** A name beside `path` (so that a rename stays on one file system) that nobody else uses. */
export function temporaryPath(path: string, random: Random): string {
  const unique = Buffer.from(random.bytes(uniqueBytes)).toString('hex')
  return join(dirname(path), `.${basename(path)}.${unique}.mayfly-tmp`)
}

/**
 * Removes what writers that were killed between creating and renaming left in `directory`.
 * Call it at the start, under the lock that keeps other writers of the folder away.
 * Returns the removed names.
 */
export async function removeLeftovers(fileSystem: FileSystem, directory: string): Promise<string[]> {
  const leftovers = (await fileSystem.list(directory)).filter((name) => temporaryPattern.test(name))
  for (const name of leftovers) await fileSystem.remove(join(directory, name))
  return leftovers
}
