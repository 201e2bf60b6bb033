import { constants } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { MayflyError } from '@mayfly/ca-core'
import { fileError } from './file-error.ts'
import { withFile } from './open-file.ts'

export interface FileLock {
  /** Lets the next process in. The file stays. */
  release(): void
}

/** Locks that are held. Without this a lock whose holder forgot it would end when it is collected. */
const held = new Set<DatabaseSync>()

/**
 * Takes the exclusive lock on `path` (created with mode 0600 if missing), or throws `already-running`.
 *
 * Node has no flock(2). SQLite, which is built in, takes a kernel lock (fcntl) on its file: the kernel
 * drops it when the process ends, however it ends, so nothing is ever stale. A file that holds a process
 * id would have to be judged after SIGKILL, when the id may belong to another program already.
 * Like every fcntl lock it needs a local disk.
 */
export async function lockFile(path: string): Promise<FileLock> {
  await createEmpty(path)
  const database = new DatabaseSync(path)
  try {
    database.exec('PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
  } catch (cause) {
    database.close()
    throw refusal(path, cause)
  }
  held.add(database)
  return {
    release(): void {
      if (held.delete(database)) database.close()
    },
  }
}

async function createEmpty(path: string): Promise<void> {
  try {
    await withFile(
      path,
      constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW,
      0o600,
      async () => undefined,
    )
  } catch (cause) {
    throw fileError(path, 'write', cause)
  }
}

/** SQLite's result codes for a lock that another holds. */
const busyCodes = [5, 6]

function refusal(path: string, cause: unknown): MayflyError {
  const code = cause instanceof Error && 'errcode' in cause ? cause.errcode : undefined
  if (typeof code !== 'number' || !busyCodes.includes(code & 0xff)) return fileError(path, 'write', cause)
  return new MayflyError(
    'already-running',
    `${path}: another process is using this state; stop it first (fuser ${path} names it)`,
    { details: { path }, cause },
  )
}
