import { dirname } from 'node:path'
import { isMayflyError, MayflyError } from '@mayfly/ca-core'
import { type FileLock, lockFile } from '@mayfly/platform'

/**
 * The lock that keeps every other issuer away from the store at `path`, in a file beside it.
 *
 * @throws MayflyError `already-running` where another process has it, `file-missing` where there is no folder for it
 */
export async function lockStore(path: string): Promise<FileLock> {
  try {
    return await lockFile(`${path}.lock`)
  } catch (cause) {
    if (!isMayflyError(cause, 'file-missing')) throw cause
    throw new MayflyError(
      'file-missing',
      `There is no folder ${dirname(path)} for the store. \`mayfly issuer init\` makes it for a new issuer; of one that was moved, copy the folder there first.`,
      { cause },
    )
  }
}
