import { dirname, resolve, sep } from 'node:path'
import { type FileStatus, type FileSystem, MayflyError } from '@mayfly/ca-core'
import { effectiveUserId } from '@mayfly/platform'
import { archivePath, type CertificatePlace } from './paths.ts'

const rootId = 0
/** As many links as Linux follows on one path. */
const linksMax = 40
const groupMayWrite = 0o020
const othersMayWrite = 0o002
/** In such a folder (`/tmp`) only a file's owner may rename or remove it. */
const sticky = 0o1000

export interface SafeFoldersOptions extends CertificatePlace {
  readonly fileSystem: FileSystem
  /** Who the agent is; default: the user of this process. */
  readonly userId?: number | undefined
}

/**
 * Refuses folders in which somebody else could put a link in the place of a file: an agent that is root would give the
 * file behind it another owner and mode. Every folder above the live and the archived files is looked at, and every link
 * on the way is followed. An agent that is not root can only harm what is its user's own, and is not held up.
 *
 * @throws MayflyError `folder-unsafe`, with the folder and what to run
 */
export async function requireSafeFolders(options: SafeFoldersOptions): Promise<void> {
  const { fileSystem, live, name, userId = effectiveUserId() } = options
  if (userId !== rootId) return
  const safe = new Set<string>()
  for (const folder of [resolve(live), archivePath(live, name)]) await requireSafe(fileSystem, folder, safe)
}

/** Both ways begin in the same folders, which are noted in `safe` and looked at once. */
async function requireSafe(fileSystem: FileSystem, folder: string, safe: Set<string>): Promise<void> {
  let path: string = sep
  let left = parts(folder)
  for (let links = 0; left.length > 0; ) {
    const [next = '', ...rest] = left
    const at = path === sep ? sep + next : path + sep + next
    if (safe.has(at)) {
      ;[path, left] = [at, rest]
      continue
    }
    const status = await fileSystem.status(at)
    // The agent makes what is missing, and is its owner then.
    if (status === undefined) return
    if (status.uid !== rootId) throw unsafe(at, `belongs to the user ${status.uid}`, `chown root ${at}`)
    const target = status.type === 'symlink' ? await fileSystem.readLink(at) : undefined
    if (target === undefined) {
      requireClosed(at, status)
      safe.add(at)
      ;[path, left] = [at, rest]
      continue
    }
    if (++links > linksMax) throw unsafe(at, 'leads in a circle', `rm ${at}`)
    ;[path, left] = [sep, [...parts(resolve(dirname(at), target)), ...rest]]
  }
}

function parts(path: string): string[] {
  return path.split(sep).filter((part) => part !== '')
}

function requireClosed(path: string, { mode, gid }: FileStatus): void {
  if ((mode & sticky) !== 0) return
  const isOpen = (mode & othersMayWrite) !== 0 || ((mode & groupMayWrite) !== 0 && gid !== rootId)
  if (isOpen) throw unsafe(path, `can be written by others (mode ${mode.toString(8)})`, `chmod go-w ${path}`)
}

function unsafe(path: string, reason: string, command: string): MayflyError {
  return new MayflyError(
    'folder-unsafe',
    `${path} ${reason}: whoever that is could lead the agent, which is root, to other files. Run: ${command}, or keep the certificates elsewhere (\`live\` in agent.yaml).`,
    { details: { path } },
  )
}
