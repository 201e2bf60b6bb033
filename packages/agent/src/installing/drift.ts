import { sep } from 'node:path'
import type { FileAccess, FileStatus, FileSystem } from '@mayfly/ca-core'
import type { GenerationFile } from '../formats/generation-file.ts'
import { accessOf, type GenerationContent } from './generation-files.ts'
import { generationPath, linkTarget, livePath } from './paths.ts'

/** One thing on the disk that is not as it was installed. */
export interface Drift {
  readonly path: string
  readonly because: 'missing' | 'type' | 'access' | 'content' | 'unreadable' | 'link'
}

/**
 * What differs between a generation as it should be and the disk, the live link included.
 * Nothing is followed: a symbolic link in the place of a file is a difference, whatever it leads to.
 */
export async function installedFilesDiffer(content: GenerationContent): Promise<Drift[]> {
  const { fileSystem, live, name, number } = content
  const folder = generationPath(live, name, number)
  const link = livePath(live, name)
  const target = await fileSystem.readLink(link)
  const linkDrift: Drift[] = target === linkTarget(name, number) ? [] : [{ path: link, because: 'link' }]
  return [...(await differingFiles(content, folder)), ...linkDrift]
}

/** The files in `folder` that are not as `content` says, or the folder itself. */
export async function differingFiles(content: GenerationContent, folder: string): Promise<Drift[]> {
  const { fileSystem, files, access } = content
  const present = await fileSystem.status(folder)
  if (present === undefined) return [{ path: folder, because: 'missing' }]
  if (present.type !== 'directory') return [{ path: folder, because: 'type' }]
  const drifts: Drift[] = []
  for (const file of files) {
    const path = folder + sep + file.name
    const because = await differenceOf(fileSystem, path, file, accessOf(file, access))
    if (because !== undefined) drifts.push({ path, because })
  }
  return drifts
}

async function differenceOf(
  fileSystem: FileSystem,
  path: string,
  file: GenerationFile,
  access: FileAccess,
): Promise<Drift['because'] | undefined> {
  const present = await fileSystem.status(path)
  if (present === undefined) return 'missing'
  if (present.type !== 'file') return 'type'
  // Compared before it is read: whoever could swap the file could make it endless.
  if (present.sizeBytes !== file.content.length) return 'content'
  const content = await fileSystem.readFile(path).catch(() => undefined)
  if (content === undefined) return 'unreadable'
  if (Buffer.compare(content, file.content) !== 0) return 'content'
  return hasAccess(present, access) ? undefined : 'access'
}

function hasAccess(present: FileStatus, { mode, uid, gid }: FileAccess): boolean {
  return (
    present.mode === mode &&
    (uid === undefined || present.uid === uid) &&
    (gid === undefined || present.gid === gid)
  )
}
