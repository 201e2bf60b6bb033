import { join } from 'node:path'
import type { FileSystem } from '@mayfly/ca-core'
import { nodeFileSystem } from '@mayfly/platform'

/** The real disk with `root` in the place of `/`; absolute targets of links are left as they are. */
export function rootedFileSystem(root: string): FileSystem {
  const at = (path: string): string => join(root, path)
  return {
    readFile: (path) => nodeFileSystem.readFile(at(path)),
    createFile: (path, content, access) => nodeFileSystem.createFile(at(path), content, access),
    replaceFile: (path, content, access) => nodeFileSystem.replaceFile(at(path), content, access),
    appendFile: (path, content, access) => nodeFileSystem.appendFile(at(path), content, access),
    makeDirectory: (path, access) => nodeFileSystem.makeDirectory(at(path), access),
    syncDirectory: (path) => nodeFileSystem.syncDirectory(at(path)),
    replaceSymlink: (path, target) => nodeFileSystem.replaceSymlink(at(path), target),
    readLink: (path) => nodeFileSystem.readLink(at(path)),
    list: (path) => nodeFileSystem.list(at(path)),
    readFolder: (path, names, fileBytesMax) => nodeFileSystem.readFolder(at(path), names, fileBytesMax),
    status: (path) => nodeFileSystem.status(at(path)),
    setAccess: (path, access) => nodeFileSystem.setAccess(at(path), access),
    rename: (from, to) => nodeFileSystem.rename(at(from), at(to)),
    remove: (path) => nodeFileSystem.remove(at(path)),
  }
}
