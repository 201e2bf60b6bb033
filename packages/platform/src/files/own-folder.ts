import { join } from 'node:path'
import { type FileAccess, type FileSystem, MayflyError } from '@mayfly/ca-core'

export interface OwnFolder {
  readonly path: string
  /** What the folder is to have. */
  readonly access: FileAccess
  /** The first thing that its owner puts there: whatever holds it is the owner's already. */
  readonly mark: string
}

/**
 * Refuses a folder of somebody else's whose access would have to be changed: with `/etc` or `/tmp` named by mistake
 * the whole machine would be shut out of it.
 *
 * @throws MayflyError `config-invalid`
 */
export async function requireOwnFolder(
  fileSystem: FileSystem,
  { path, access, mark }: OwnFolder,
): Promise<void> {
  const present = await fileSystem.status(path)
  if (present?.type !== 'directory' || present.mode === access.mode) return
  const entries = await fileSystem.list(path)
  if (entries.length === 0 || entries.includes(mark)) return
  throw new MayflyError(
    'config-invalid',
    `${path} holds other things (such as ${entries[0]}), which nobody else could read any more if it became the state folder: name a folder of its own, such as ${join(path, 'mayfly')}.`,
    { details: { path } },
  )
}
