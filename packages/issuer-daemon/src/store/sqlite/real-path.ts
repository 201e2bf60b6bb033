import { realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/**
 * The one name of a store's file, whatever links lead to it: the lock lies beside it, and two names would be two locks.
 * SQLite follows links, too. A file or folder that is not there keeps the name that it was given.
 */
export function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    const folder = dirname(path)
    return folder === path ? path : join(realPath(folder), basename(path))
  }
}
