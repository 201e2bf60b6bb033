import { once } from 'node:events'
import { chmod, chown, lstat, unlink } from 'node:fs/promises'
import type { Server } from 'node:http'
import { connect } from 'node:net'
import { type FileAccess, isMayflyError, MayflyError } from '@mayfly/ca-core'
import { type Listening, listenAt } from '../api/front/listening.ts'

/** Everything but the owner's reading and writing. */
const ownerOnlyMask = 0o177
const ownerOnlyMode = 0o600

/**
 * Listens on a Unix socket that only its owner can connect to, from its first moment on; with `access` it is given to
 * others only once it is theirs.
 * Takes the place of a socket that a crash left; throws `already-running` where someone answers there and
 * `file-exists` where there is anything else.
 */
export async function listenPrivately(server: Server, path: string, access?: FileAccess): Promise<Listening> {
  await removeLeftover(path)
  // Node binds a socket's path before `listen` returns. A mode set afterwards would leave a moment in which
  // anyone may connect; with the mask the kernel creates it as 0600 (unix(7)), and nothing else runs meanwhile.
  const mask = process.umask(ownerOnlyMask)
  const started = listenAt(server, { path })
  process.umask(mask)
  const listening = await started.catch((error: unknown) => {
    throw explained(error, path)
  })
  if (access !== undefined) {
    try {
      await giveSocket(path, access)
    } catch (error) {
      server.close()
      throw error
    }
  }
  return listening
}

/**
 * Gives a socket to an owner and a group, the issuer's own where none are said. It is closed to everyone else in
 * between: first to whom it belongs, then what they may.
 *
 * @throws MayflyError `permission-denied`
 */
export async function giveSocket(path: string, { uid, gid, mode }: FileAccess): Promise<void> {
  try {
    await chmod(path, ownerOnlyMode)
    const status = await lstat(path)
    const [owner, group] = [
      uid ?? process.geteuid?.() ?? status.uid,
      gid ?? process.getegid?.() ?? status.gid,
    ]
    if (owner !== status.uid || group !== status.gid) await chown(path, owner, group)
    await chmod(path, mode)
  } catch (cause) {
    throw new MayflyError(
      'permission-denied',
      `Cannot give the socket ${path} to its owner and group: ${(cause as NodeJS.ErrnoException).code}. The issuer may give it to groups that it is in (SupplementaryGroups= of its unit), and to other users only as root.`,
      { details: { path }, cause },
    )
  }
}

async function removeLeftover(path: string): Promise<void> {
  const status = await lstat(path).catch(() => undefined)
  if (status === undefined) return
  if (!status.isSocket()) {
    throw new MayflyError(
      'file-exists',
      `${path} is no socket. Move it away or set admin.socket to another path.`,
    )
  }
  if (await isAnswered(path)) {
    throw new MayflyError('already-running', `Another issuer answers at ${path}. Stop it first.`)
  }
  await unlink(path)
}

async function isAnswered(path: string): Promise<boolean> {
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

function explained(error: unknown, path: string): unknown {
  if (!isMayflyError(error, 'permission-denied')) return error
  return new MayflyError('permission-denied', `Cannot make the socket ${path}. Does its folder exist?`, {
    details: { path },
    cause: error,
  })
}
