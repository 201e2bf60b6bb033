import type { FileAccess, FileSystem } from '@mayfly/ca-core'

/**
 * A file system that gives what it makes to the owner of `state`: an operator who works as root must not leave
 * files behind that the issuer, as its own user, cannot read.
 */
export async function stateOwnersFiles(fileSystem: FileSystem, state: string): Promise<FileSystem> {
  const status = await fileSystem.status(state)
  if (status === undefined) return fileSystem
  const { uid, gid } = status
  const owned = (access: FileAccess): FileAccess => ({ uid, gid, ...access })
  return {
    ...fileSystem,
    createFile: (path, content, access) => fileSystem.createFile(path, content, owned(access)),
    replaceFile: (path, content, access) => fileSystem.replaceFile(path, content, owned(access)),
    appendFile: (path, content, access) => fileSystem.appendFile(path, content, owned(access)),
    makeDirectory: (path, access) => fileSystem.makeDirectory(path, owned(access)),
    setAccess: (path, access) => fileSystem.setAccess(path, owned(access)),
  }
}
