import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The file at `pattern`, an absolute path in which one folder may be `*`: of several such folders that
 * have the file, the one with the highest number, as Debian keeps PostgreSQL's versions side by side.
 * `undefined` where it is not there.
 */
export function installedFile(pattern) {
  const [before, after] = pattern.split('/*/')
  if (after === undefined) return existsSync(pattern) ? pattern : undefined
  return foldersIn(before)
    .sort((one, other) => Number(other) - Number(one))
    .map((folder) => join(before, folder, after))
    .find((path) => existsSync(path))
}

function foldersIn(path) {
  return existsSync(path) ? readdirSync(path) : []
}
