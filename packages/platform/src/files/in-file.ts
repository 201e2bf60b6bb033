import { isMayflyError, MayflyError } from '@mayfly/ca-core'

/** Reads what is in the file at `path`; an error says which file it is about. */
export async function inFile<T>(path: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (cause) {
    if (!isMayflyError(cause)) throw cause
    const { code, message, details, retry } = cause
    throw new MayflyError(code, `${path}: ${message}`, { details: { ...details, path }, retry, cause })
  }
}
