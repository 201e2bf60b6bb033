import { chownSync, closeSync, fsyncSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/** Makes the file, which only its owner may read from its first moment on. */
export function createPrivate(path: string): void {
  closeSync(openSync(path, 'wx', 0o600))
}

/** Puts a file and its name on disk. */
export function makeDurable(path: string): void {
  for (const place of [path, dirname(path)]) {
    const descriptor = openSync(place, 'r')
    fsyncSync(descriptor)
    closeSync(descriptor)
  }
}

/** An operator who works as root must not leave a store behind that the issuer, as its own user, cannot read. */
export function giveToOwnerOfFolder(path: string): void {
  const { uid, gid } = statSync(dirname(path))
  if (process.getuid?.() === 0) chownSync(path, uid, gid)
}
