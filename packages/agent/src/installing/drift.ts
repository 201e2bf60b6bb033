import { sep } from 'node:path'
import type { FileAccess, FileStatus, FolderEntry } from '@mayfly/ca-core'
import type { GenerationFile } from '../formats/generation-file.ts'
import { accessOf, type GenerationContent, modeOf } from './generation-files.ts'
import { generationPath, linkTarget, livePath } from './paths.ts'

/** One thing on the disk that is not as it was installed. */
export type Drift = { readonly path: string } & Difference

type Difference =
  | { readonly because: 'missing' | 'type' | 'content' | 'unreadable' | 'link' }
  | { readonly because: 'access'; readonly present: FileStatus; readonly expected: FileAccess }

/**
 * What differs between a generation as it should be and the disk, the live link included.
 * Nothing is followed: a symbolic link in the place of a file is a difference, whatever it leads to.
 */
export async function installedFilesDiffer(content: GenerationContent): Promise<Drift[]> {
  const { fileSystem, live, name, number } = content
  const folder = generationPath(live, name, number)
  const link = livePath(live, name)
  const target = await fileSystem.readLink(link)
  const drifts = await differingFiles(content, folder)
  if (target !== linkTarget(live, name, number)) drifts.push({ path: link, because: 'link' })
  return drifts
}

/** The files in `folder` that are not as `content` says, or the folder itself. */
export async function differingFiles(content: GenerationContent, folder: string): Promise<Drift[]> {
  const { fileSystem, files, access } = content
  const names: string[] = []
  // Whoever could swap a file could make it endless: more than belongs there is not read.
  let fileBytesMax = 0
  for (const file of files) {
    names.push(file.name)
    fileBytesMax = Math.max(fileBytesMax, file.content.length)
  }
  const present = await fileSystem.readFolder(folder, names, fileBytesMax)
  if (present === undefined) {
    const other = await fileSystem.status(folder)
    return [{ path: folder, because: other === undefined ? 'missing' : 'type' }]
  }
  const drifts: Drift[] = []
  for (const file of files) {
    const difference = differenceOf(present.get(file.name), file, access)
    if (difference !== undefined) drifts.push({ path: folder + sep + file.name, ...difference })
  }
  return drifts
}

function differenceOf(
  present: FolderEntry | undefined,
  file: GenerationFile,
  access: FileAccess,
): Difference | undefined {
  if (present === undefined) return { because: 'missing' }
  if (present.type !== 'file') return { because: 'type' }
  if (present.sizeBytes !== file.content.length) return { because: 'content' }
  if (present.content === undefined) return { because: 'unreadable' }
  if (Buffer.compare(present.content, file.content) !== 0) return { because: 'content' }
  if (hasAccess(present, modeOf(file, access), access)) return undefined
  return { because: 'access', present, expected: accessOf(file, access) }
}

function hasAccess(present: FileStatus, mode: number, { uid, gid }: FileAccess): boolean {
  return (
    present.mode === mode &&
    (uid === undefined || present.uid === uid) &&
    (gid === undefined || present.gid === gid)
  )
}
