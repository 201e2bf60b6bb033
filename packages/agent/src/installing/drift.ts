import { sep } from 'node:path'
import type { FileAccess, FileStatus, FolderEntry } from '@mayfly/ca-core'
import type { GenerationFile } from '../formats/generation-file.ts'
import { accessOf, type GenerationContent } from './generation-files.ts'
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
  const linkDrift: Drift[] = target === linkTarget(name, number) ? [] : [{ path: link, because: 'link' }]
  return [...(await differingFiles(content, folder)), ...linkDrift]
}

/** The files in `folder` that are not as `content` says, or the folder itself. */
export async function differingFiles(content: GenerationContent, folder: string): Promise<Drift[]> {
  const { fileSystem, files, access } = content
  const names = files.map(({ name }) => name)
  // Whoever could swap a file could make it endless: more than belongs there is not read.
  const fileBytesMax = Math.max(0, ...files.map((file) => file.content.length))
  const present = await fileSystem.readFolder(folder, names, fileBytesMax)
  if (present === undefined) {
    const other = await fileSystem.status(folder)
    return [{ path: folder, because: other === undefined ? 'missing' : 'type' }]
  }
  return files.flatMap((file) => {
    const difference = differenceOf(present.get(file.name), file, accessOf(file, access))
    return difference === undefined ? [] : [{ path: folder + sep + file.name, ...difference }]
  })
}

function differenceOf(
  present: FolderEntry | undefined,
  file: GenerationFile,
  expected: FileAccess,
): Difference | undefined {
  if (present === undefined) return { because: 'missing' }
  if (present.type !== 'file') return { because: 'type' }
  if (present.sizeBytes !== file.content.length) return { because: 'content' }
  if (present.content === undefined) return { because: 'unreadable' }
  if (Buffer.compare(present.content, file.content) !== 0) return { because: 'content' }
  return hasAccess(present, expected) ? undefined : { because: 'access', present, expected }
}

function hasAccess(present: FileStatus, { mode, uid, gid }: FileAccess): boolean {
  return (
    present.mode === mode &&
    (uid === undefined || present.uid === uid) &&
    (gid === undefined || present.gid === gid)
  )
}
