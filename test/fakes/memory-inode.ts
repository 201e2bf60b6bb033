import type { FileAccess, FolderEntry } from '@mayfly/ca-core'

/** A file, folder or link in memory, as it is and as it would be after a loss of power. */
export type Inode = MemoryFile | MemoryFolder | MemoryLink

interface Access {
  mode: number
  uid: number
  gid: number
}

export interface MemoryFile extends Access {
  readonly type: 'file'
  content: Uint8Array
  /** What was on disk at the last fsync. */
  durable: Uint8Array
}

export interface MemoryFolder extends Access {
  readonly type: 'directory'
  readonly entries: Map<string, Inode>
  /** The entries at the last fsync. */
  durable: ReadonlyMap<string, Inode>
  /** What was found in it when it was read last, as long as nothing in it has changed. */
  seen: FolderRead | undefined
}

interface FolderRead {
  readonly names: readonly string[]
  readonly fileBytesMax: number
  readonly found: ReadonlyMap<string, FolderEntry>
}

export interface MemoryLink extends Access {
  readonly type: 'symlink'
  readonly target: string
}

export interface Owner {
  readonly uid: number
  readonly gid: number
}

export function newFile(content: Uint8Array, access: FileAccess, owner: Owner): MemoryFile {
  const { mode, uid = owner.uid, gid = owner.gid } = access
  // No copy: nobody writes to what was given to be written.
  return { type: 'file', mode, uid, gid, content, durable: content }
}

export function newFolder(access: FileAccess, owner: Owner): MemoryFolder {
  const [entries, durable] = [new Map(), new Map()]
  return { type: 'directory', ...owner, ...defined(access), entries, durable, seen: undefined }
}

export function newLink(target: string, owner: Owner): MemoryLink {
  return { type: 'symlink', ...owner, mode: 0o777, target }
}

export function put(folder: MemoryFolder, name: string, inode: Inode): void {
  folder.seen = undefined
  folder.entries.set(name, inode)
}

export function takeAway(folder: MemoryFolder, name: string): void {
  folder.seen = undefined
  folder.entries.delete(name)
}

export function setAccess(inode: Inode, access: FileAccess): void {
  Object.assign(inode, defined(access))
}

/** What was synced is what is left. */
export function losePower(folder: MemoryFolder): void {
  folder.seen = undefined
  folder.entries.clear()
  for (const [name, inode] of folder.durable) {
    folder.entries.set(name, inode)
    if (inode.type === 'file') inode.content = inode.durable
    if (inode.type === 'directory') losePower(inode)
  }
}

function defined({ mode, uid, gid }: FileAccess): Partial<Access> & { mode: number } {
  return { mode, ...(uid === undefined ? {} : { uid }), ...(gid === undefined ? {} : { gid }) }
}
