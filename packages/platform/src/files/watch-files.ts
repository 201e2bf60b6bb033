import { watch } from 'chokidar'

export interface FileWatch {
  close(): Promise<void>
}

export interface WatchOptions {
  /** Quiet time before a burst of changes is told as one. */
  readonly debounceMs?: number
  /** The watch goes on after an error, but may miss changes: look again on a timer as well. */
  readonly onError?: (error: unknown) => void
  /** How deep folders are watched; 0 is their own entries only. */
  readonly depth?: number
}

/** Editors and installers write a file in several steps; half a second sees them through. */
const debounceMsDefault = 500

/**
 * Watches files and folders, also ones that do not exist yet, and tells which paths changed, were added
 * or removed. Symbolic links are watched themselves: a link that points elsewhere is a change, what
 * happens behind it is not. Resolves once everything is being watched.
 */
export async function watchFiles(
  paths: readonly string[],
  onChange: (changed: readonly string[]) => void,
  options: WatchOptions = {},
): Promise<FileWatch> {
  const changed = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  const tell = (): void => {
    const batch = [...changed].sort()
    changed.clear()
    onChange(batch)
  }
  const watcher = watch([...paths], {
    ignoreInitial: true,
    followSymlinks: false,
    ...(options.depth === undefined ? {} : { depth: options.depth }),
  })
  watcher.on('all', (_event, path) => {
    changed.add(path)
    clearTimeout(timer)
    timer = setTimeout(tell, options.debounceMs ?? debounceMsDefault)
  })
  watcher.on('error', (error) => options.onError?.(error))
  await new Promise<void>((resolve) => watcher.once('ready', () => resolve()))
  return {
    async close(): Promise<void> {
      clearTimeout(timer)
      await watcher.close()
    },
  }
}
