import { dirname } from 'node:path'
import { type FileSystem, MayflyError } from '@mayfly/ca-core'
import { folderAccess } from './generation-files.ts'
import { liveFolderExists } from './live-folder.ts'
import { type GenerationPlace, generationPath, linkTarget, livePath } from './paths.ts'

/**
 * Makes a written generation the one in use, in one step that is durable when this returns.
 * It serves for going back as well. Throws `file-missing` if the generation is not there, and
 * `file-exists` if something that is no link has the live name, or if the live folder is a link.
 */
export async function switchGeneration(
  place: GenerationPlace & { readonly fileSystem: FileSystem },
): Promise<void> {
  const { fileSystem, live, name, number } = place
  const folder = generationPath(live, name, number)
  const present = await fileSystem.status(folder)
  if (present?.type !== 'directory') {
    throw new MayflyError('file-missing', `There is no generation at ${folder} to switch to.`, {
      details: { path: folder },
    })
  }
  const link = livePath(live, name)
  if (!(await liveFolderExists(fileSystem, live))) await fileSystem.makeDirectory(dirname(link), folderAccess)
  if ((await fileSystem.readLink(link)) === linkTarget(live, name, number))
    return fileSystem.syncDirectory(dirname(link))
  await fileSystem.replaceSymlink(link, linkTarget(live, name, number))
}
