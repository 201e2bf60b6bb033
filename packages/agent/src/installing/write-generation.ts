import { dirname, join } from 'node:path'
import { type FileSystem, MayflyError } from '@mayfly/ca-core'
import { differingFiles } from './drift.ts'
import { accessOf, folderAccess, type GenerationContent } from './generation-files.ts'
import { installedGeneration } from './installed-generation.ts'
import { archivePath, archiveRoot, generationPath, parseFileName } from './paths.ts'

/** A folder that is not yet a generation: a crash may have left it half written. */
export const unfinishedSuffix = '.new'

/**
 * Writes the files of a generation beside the one in use, which it does not touch.
 *
 * The folder has another name until every file in it is durable, so a folder with a generation's name
 * is always whole. Writing the same generation again is safe, after a crash at any point.
 *
 * Throws `file-exists` where something else is in the way, and what `FileSystem` throws.
 */
export async function writeGeneration(content: GenerationContent): Promise<void> {
  const { fileSystem, live, name, number } = content
  for (const file of content.files) parseFileName(file.name)
  const folder = generationPath(live, name, number)
  await makeOwnFolder(fileSystem, archiveRoot(live))
  await makeOwnFolder(fileSystem, archivePath(live, name))
  if ((await findEarlier(content, folder)) === 'same') return fileSystem.syncDirectory(dirname(folder))
  await writeUnfinished(content, folder + unfinishedSuffix)
  await fileSystem.rename(folder + unfinishedSuffix, folder)
  await fileSystem.syncDirectory(dirname(folder))
}

/** A link in the place of one of our folders would lead the private key somewhere else. */
async function makeOwnFolder(fileSystem: FileSystem, path: string): Promise<void> {
  const present = await fileSystem.status(path)
  if (present === undefined) return fileSystem.makeDirectory(path, folderAccess)
  if (present.type !== 'directory') throw inTheWay(path, present.type)
}

async function findEarlier(content: GenerationContent, folder: string): Promise<'same' | 'none'> {
  const present = await content.fileSystem.status(folder)
  if (present === undefined) return 'none'
  if (present.type !== 'directory') throw inTheWay(folder, present.type)
  const differing = await differingFiles(content, folder)
  if (differing.length === 0) return 'same'
  const installed = await installedGeneration(content)
  if (installed.kind === 'generation' && installed.number === content.number) {
    throw new MayflyError(
      'file-exists',
      `${folder} is in use and holds something else; a new certificate needs a new generation number.`,
      { details: { path: folder } },
    )
  }
  await content.fileSystem.remove(folder)
  return 'none'
}

async function writeUnfinished(content: GenerationContent, folder: string): Promise<void> {
  const { fileSystem, files, access } = content
  await fileSystem.remove(folder)
  await fileSystem.makeDirectory(folder, folderAccess)
  for (const file of files) {
    await fileSystem.createFile(join(folder, file.name), file.content, accessOf(file, access))
  }
  await fileSystem.syncDirectory(folder)
}

function inTheWay(path: string, type: string): MayflyError {
  return new MayflyError(
    'file-exists',
    `${path} is a ${type} where the agent keeps a folder of its own; move it away.`,
    { details: { path } },
  )
}
