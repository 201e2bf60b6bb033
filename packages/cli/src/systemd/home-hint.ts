import { dirname } from 'node:path'
import type { FileSystem } from '@mayfly/ca-core'
import { isInHome } from './home-folders.ts'

/** Others than its owner may pass through a folder. */
const passableBit = 0o001

/**
 * What a person should know of a command that lies in a home folder: who may write there has the daemon run what they
 * like; and a daemon with a user of its own has to get there at all. Nothing where it lies elsewhere.
 */
export async function homeHint(
  unit: 'mayfly-issuer' | 'mayfly-agent',
  command: readonly string[],
  fileSystem: FileSystem,
): Promise<string | undefined> {
  const path = command.find(isInHome)
  if (path === undefined) return undefined
  const better =
    'Install Node and Mayfly for the whole machine (below /usr or /opt), and run this again from there.'
  if (unit === 'mayfly-agent') {
    // Root's own home is root's alone.
    if (path.startsWith('/root/')) return undefined
    return `${path} lies in a home folder. The unit lets the agent see it; but whoever may write there can have root run other code. ${better}`
  }
  const closed = await closedFolder(path, fileSystem)
  if (closed === undefined) return undefined
  return `${path} cannot be reached by the unit's user, mayfly-issuer, who may not enter ${closed}: the issuer would not start. ${better}`
}

async function closedFolder(path: string, fileSystem: FileSystem): Promise<string | undefined> {
  const folder = dirname(path)
  if (folder === path) return undefined
  const above = await closedFolder(folder, fileSystem)
  if (above !== undefined) return above
  const present = await fileSystem.status(folder)
  return present?.type === 'directory' && (present.mode & passableBit) === 0 ? folder : undefined
}
