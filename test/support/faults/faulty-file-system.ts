import type { FileSystem } from '@mayfly/ca-core'
import { nodeFileSystem } from '@mayfly/platform'
import { fileError } from '../../../packages/platform/src/files/file-error.ts'

const writingOperations = [
  'createFile',
  'replaceFile',
  'appendFile',
  'makeDirectory',
  'syncDirectory',
  'replaceSymlink',
  'setAccess',
  'rename',
  'remove',
] as const satisfies readonly (keyof FileSystem)[]

export interface DiskFault {
  /** The system's name of the error: ENOSPC, EROFS, EACCES. */
  readonly errno: string
  /** Only paths that match; absent means every one. */
  readonly path?: RegExp
}

/** The real disk, whose writes fail as told. Reading goes on. */
export interface FaultyFileSystem {
  readonly fileSystem: FileSystem
  /** Until it is `undefined` again. */
  fault: DiskFault | undefined
}

export function faultyFileSystem(): FaultyFileSystem {
  const guarded = writingOperations.map((operation) => {
    const method = nodeFileSystem[operation].bind(nodeFileSystem) as (...given: unknown[]) => Promise<void>
    const write = async (path: string, ...rest: unknown[]): Promise<void> => {
      const { fault } = faulty
      if (fault === undefined || fault.path?.test(path) === false) return method(path, ...rest)
      throw fileError(path, 'write', Object.assign(new Error(fault.errno), { code: fault.errno }))
    }
    return [operation, write]
  })
  const faulty: FaultyFileSystem = {
    fault: undefined,
    fileSystem: { ...reading, ...Object.fromEntries(guarded) } as FileSystem,
  }
  return faulty
}

const reading = {
  readFile: (path) => nodeFileSystem.readFile(path),
  readLink: (path) => nodeFileSystem.readLink(path),
  list: (path) => nodeFileSystem.list(path),
  readFolder: (path, names, fileBytesMax) => nodeFileSystem.readFolder(path, names, fileBytesMax),
  status: (path) => nodeFileSystem.status(path),
} satisfies Partial<FileSystem>
