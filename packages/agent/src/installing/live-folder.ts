import { resolve } from 'node:path'
import { type FileSystem, MayflyError } from '@mayfly/ca-core'

/**
 * Whether the live folder is there. One that is a link is refused: what its links lead to would be looked for beside
 * the folder behind it, where no archive is. A link further up leads both to the same place.
 *
 * @throws MayflyError `file-exists`
 */
export async function liveFolderExists(fileSystem: FileSystem, live: string): Promise<boolean> {
  const path = resolve(live)
  const present = await fileSystem.status(path)
  if (present === undefined || present.type === 'directory') return present !== undefined
  const message =
    present.type === 'symlink'
      ? `${path} is a link to ${await fileSystem.readLink(path)}: set live in agent.yaml to the folder itself, which the archive is made beside.`
      : `${path} is a ${present.type} where the live folder should be; move it away.`
  throw new MayflyError('file-exists', message, { details: { path } })
}
