import { basename, join } from 'node:path'
import { type Drift, differingFiles, installedFilesDiffer } from './drift.ts'
import { accessOf, type GenerationContent } from './generation-files.ts'
import { generationPath } from './paths.ts'
import { switchGeneration } from './switch-generation.ts'
import { writeGeneration } from './write-generation.ts'

/**
 * Puts back what somebody deleted or altered, each file in one step, and points the live link at the
 * generation again. Gives back what it mended.
 */
export async function restoreGeneration(content: GenerationContent): Promise<Drift[]> {
  const drifts = await installedFilesDiffer(content)
  if (drifts.length === 0) return []
  const folder = generationPath(content.live, content.name, content.number)
  if (drifts.some(({ path }) => path === folder)) await rebuildFolder(content, folder)
  else await restoreFiles(content, folder)
  await switchGeneration(content)
  return drifts
}

async function rebuildFolder(content: GenerationContent, folder: string): Promise<void> {
  // What has the folder's name is no folder; `remove` takes a link away, not what it leads to.
  await content.fileSystem.remove(folder)
  await writeGeneration(content)
}

async function restoreFiles(content: GenerationContent, folder: string): Promise<void> {
  const { fileSystem, files, access } = content
  for (const { path } of await differingFiles(content, folder)) {
    const file = files.find(({ name }) => name === basename(path))
    if (file === undefined) continue
    const present = await fileSystem.status(path)
    // A rename replaces a link or a file, never a folder.
    if (present?.type === 'directory') await fileSystem.remove(path)
    await fileSystem.replaceFile(join(folder, file.name), file.content, accessOf(file, access))
  }
}
