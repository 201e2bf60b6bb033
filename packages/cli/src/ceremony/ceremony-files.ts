import { dirname } from 'node:path'
import { type FileSystem, MayflyError } from '@mayfly/ca-core'

/** A file that a ceremony leaves behind. */
export interface CeremonyFile {
  readonly path: string
  readonly content: string
  /** Whether only its owner may read it. */
  readonly secret: boolean
}

const secretMode = 0o600
const publicMode = 0o644
/** Of the folders that a ceremony makes: the root's holds a key, the one on the stick holds nothing secret. */
const secretFolderMode = 0o700
const publicFolderMode = 0o755

/**
 * Refuses to go on where any of the files exists already: asked before a person is asked for anything.
 *
 * @throws MayflyError `file-exists`
 */
export async function requireAbsent(fileSystem: FileSystem, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    if ((await fileSystem.status(path)) === undefined) continue
    throw new MayflyError(
      'file-exists',
      `${path} exists already, and a ceremony overwrites nothing. Use another folder, or move the file away.`,
      { details: { path } },
    )
  }
}

/**
 * Writes the files of one ceremony, all or none: where one cannot be written, those before it are removed.
 *
 * @throws MayflyError `file-exists` and what else the file system says
 */
export async function writeCeremonyFiles(
  fileSystem: FileSystem,
  files: readonly CeremonyFile[],
): Promise<void> {
  const written: string[] = []
  const folders = new Set(files.map(({ path }) => dirname(path)))
  const folderMode = files.some(({ secret }) => secret) ? secretFolderMode : publicFolderMode
  try {
    for (const folder of folders) {
      if (await makeFolder(fileSystem, folder, folderMode)) written.push(folder)
    }
    for (const { path, content, secret } of files) {
      await fileSystem.createFile(path, Buffer.from(content), { mode: secret ? secretMode : publicMode })
      written.push(path)
    }
    for (const folder of folders) await fileSystem.syncDirectory(folder)
  } catch (error) {
    for (const path of written.reverse()) await fileSystem.remove(path)
    throw error
  }
}

/** Whether the folder had to be made; one that exists keeps its access. */
async function makeFolder(fileSystem: FileSystem, folder: string, mode: number): Promise<boolean> {
  if ((await fileSystem.status(folder)) !== undefined) return false
  await fileSystem.makeDirectory(folder, { mode })
  return true
}
