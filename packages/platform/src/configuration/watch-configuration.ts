import { dirname, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { type FileWatch, watchFiles } from '../files/watch-files.ts'

export interface ConfigurationChanges {
  /** The file was changed, replaced, removed, or has come back. */
  onChange(): void
  /** Watching has failed: changes may be missed. */
  onError(error: unknown): void
}

/**
 * Whether the file says something else by now than what was read from it: what is saved between the first reading and
 * the beginning of the watch is told by nobody. A mistake is something else too.
 */
export async function hasChangedSince<T>(first: T, read: () => Promise<T>): Promise<boolean> {
  try {
    return !isDeepStrictEqual(await read(), first)
  } catch {
    return true
  }
}

/** Watches one configuration file, which need not exist. */
export function watchConfiguration(path: string, changes: ConfigurationChanges): Promise<FileWatch> {
  const file = resolve(path)
  // Editors replace the file: the folder is watched, so that the new one is seen too.
  return watchFiles(
    [dirname(file)],
    (changed) => {
      if (changed.includes(file)) changes.onChange()
    },
    { onError: changes.onError, depth: 0 },
  )
}
