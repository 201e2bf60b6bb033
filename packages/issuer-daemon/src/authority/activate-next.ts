import { join } from 'node:path'
import { type FileSystem, parseCertificate } from '@mayfly/ca-core'
import { type AuthorityFiles, readText, stateFolderAccess } from './authority-files.ts'

/**
 * Moves a complete `next` to `current`, and what was there to `retired`. Its certificate was verified before it
 * was put there, so a move that was interrupted is finished at the next start.
 *
 * @returns whether there was anything to move
 */
export async function activateNext(fileSystem: FileSystem, files: AuthorityFiles): Promise<boolean> {
  if ((await fileSystem.status(files.next.certificate)) === undefined) return false
  if ((await fileSystem.status(files.current.folder)) !== undefined) await retireCurrent(fileSystem, files)
  await fileSystem.rename(files.next.folder, files.current.folder)
  await fileSystem.syncDirectory(files.folder)
  return true
}

async function retireCurrent(
  fileSystem: FileSystem,
  { folder, current, retired }: AuthorityFiles,
): Promise<void> {
  const { fingerprint } = parseCertificate(await readText(fileSystem, current.certificate))
  const grave = join(retired, fingerprint)
  await fileSystem.makeDirectory(retired, stateFolderAccess)
  await fileSystem.syncDirectory(folder)
  // Between the two folders a loss of power may leave it in both; then it has arrived already.
  if ((await fileSystem.status(grave)) === undefined) {
    await fileSystem.rename(current.folder, grave)
    await fileSystem.syncDirectory(retired)
  } else {
    await fileSystem.remove(current.folder)
  }
  await fileSystem.syncDirectory(folder)
}
