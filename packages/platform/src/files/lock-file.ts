import { constants } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
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
 * Takes the exclusive lock on `path` (created with mode 0600 if missing) or throws `already-running`,
 * naming the process that holds it where the system tells.
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
    throw await refusal(path, cause)
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

async function refusal(path: string, cause: unknown): Promise<MayflyError> {
  const code = cause instanceof Error && 'errcode' in cause ? cause.errcode : undefined
  if (typeof code !== 'number' || !busyCodes.includes(code & 0xff)) return fileError(path, 'write', cause)
  const pid = await lockHolder(path)
  const holder = pid === undefined ? 'another process' : `process ${pid}`
  return new MayflyError('already-running', `${path}: ${holder} is using this state; stop it first`, {
    details: pid === undefined ? { path } : { path, pid },
    cause,
  })
}

/** The process that the kernel lists as holding a lock on `path`; `undefined` where it can't be known. */
async function lockHolder(path: string): Promise<number | undefined> {
  try {
    const { ino } = await stat(path)
    // proc(5), /proc/locks: `1: POSIX  ADVISORY  WRITE 4711 08:01:131090 1073741824 1073742335`
    for (const line of (await readFile('/proc/locks', 'utf8')).split('\n')) {
      const found = /(\d+) [0-9a-f]+:[0-9a-f]+:(\d+) /.exec(line)
      if (found !== null && Number(found[2]) === ino) return Number(found[1])
    }
  } catch {
    // Only Linux has the list, and a container may hide it.
  }
  return undefined
}
