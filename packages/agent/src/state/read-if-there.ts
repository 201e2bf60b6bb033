import { type FileSystem, isMayflyError } from '@mayfly/ca-core'

/**
 * What is in the file; `undefined` where there is none. Looked for before it is read: what is missing at nearly every
 * look is no error that has to be made each time.
 */
export async function readIfThere(fileSystem: FileSystem, path: string): Promise<Uint8Array | undefined> {
  if ((await fileSystem.status(path)) === undefined) return undefined
  try {
    return await fileSystem.readFile(path)
  } catch (error) {
    // It went in between.
    if (isMayflyError(error, 'file-missing')) return undefined
    throw error
  }
}
