import { statfs } from 'node:fs/promises'
import { fileError } from './file-error.ts'

/** Bytes that this user may still write on the disk that holds `path`. Throws what `FileSystem` throws. */
export async function freeBytes(path: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(path)
    return bavail * bsize
  } catch (cause) {
    throw fileError(path, 'read', cause)
  }
}
