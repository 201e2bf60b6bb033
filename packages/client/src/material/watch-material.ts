import { dirname } from 'node:path'
import { watch } from 'chokidar'
import { TrustError } from '../trust-error.ts'
import type { MaterialPaths } from './material-files.ts'

export interface WatchListener {
  /** Something near the files moved; whether they are others is for the listener to see. */
  changed(): void
  failed(error: TrustError): void
}

/** For filesystems whose changes the kernel doesn't tell of (NFS, some containers). */
const recheckMs = 10_000

/**
 * Watches the files and the links that lead to them: a new generation arrives as one rename of
 * the link in the folder above. Keeps no process alive. Returns what ends it.
 */
export function watchMaterial(paths: MaterialPaths, listener: WatchListener): () => Promise<void> {
  const watched = watchedPaths(paths)
  const watcher = watch([...watched], {
    persistent: false,
    ignoreInitial: true,
    followSymlinks: false,
    depth: 0,
    ignored: (path) => !watched.has(path),
  })
  watcher.on('all', () => listener.changed())
  watcher.on('error', (cause) => {
    const message = `Changes of ${paths.bundle} cannot be watched; they are looked for every ${recheckMs / 1000} s instead.`
    listener.failed(new TrustError('watch-failed', message, { cause }))
  })
  const timer = setInterval(() => listener.changed(), recheckMs).unref()
  return () => {
    clearInterval(timer)
    return watcher.close()
  }
}

/** Each file, the folder it is in (which may be the link), and the folder above. */
function watchedPaths(paths: MaterialPaths): ReadonlySet<string> {
  const files = [paths.bundle, paths.own?.cert, paths.own?.key].filter((path) => path !== undefined)
  return new Set(files.flatMap((file) => [file, dirname(file), dirname(dirname(file))]))
}
