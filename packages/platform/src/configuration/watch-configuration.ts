import { dirname, resolve } from 'node:path'
import { type FileWatch, watchFiles } from '../files/watch-files.ts'

export interface ConfigurationChanges {
  /** The file was changed, replaced, removed, or has come back. */
  onChange(): void
  /** Watching has failed: changes may be missed. */
  onError(error: unknown): void
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
