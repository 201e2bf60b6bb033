import { normalize } from 'node:path'
import type { FileAccess, FileStatus, FileSystem, FolderEntry } from '@mayfly/ca-core'
import { type FileIntent, fileError } from '../../packages/platform/src/files/file-error.ts'
import {
  type Inode,
  losePower,
  type MemoryFile,
  type MemoryFolder,
  newFile,
  newFolder,
  newLink,
  put,
  setAccess,
  takeAway,
} from './memory-inode.ts'

export type FileOperation = keyof FileSystem

export interface InjectedFailure {
  /** The system's name of the error: ENOSPC, EROFS, EACCES, EIO. */
  readonly errno: string
  /** Only this operation; absent means every one. */
  readonly operation?: FileOperation
  /** Only paths that match; absent means every one. */
  readonly path?: RegExp
  /** How often; absent means until `heal`. */
  readonly times?: number
}

/** As many links as Linux follows on one path. */
const linksMax = 40

/**
 * Files in memory that keep what POSIX promises and no more: after `powerLoss` only what was synced is
 * left. A created, renamed or removed entry lasts only once its folder was synced.
 */
export class MemoryFileSystem implements FileSystem {
  readonly #root: MemoryFolder
  /** What stands at a path that no link is on, as it was looked up since anything was made, renamed or removed. */
  readonly #known = new Map<string, Inode | undefined>()
  #hasFollowed = false
  readonly #owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
  #failures: { failure: InjectedFailure; left: number }[] = []
  /** Called before each operation; may throw, as a crash there would. */
  onOperation: (operation: FileOperation, path: string) => void = () => undefined

  constructor() {
    this.#root = newFolder({ mode: 0o755 }, this.#owner)
  }

  /** Makes operations fail from now on. */
  fail(failure: InjectedFailure): void {
    this.#failures.push({ failure, left: failure.times ?? Number.POSITIVE_INFINITY })
  }

  /** Ends every injected failure. */
  heal(): void {
    this.#failures = []
  }

  /** Drops everything that was not synced. */
  powerLoss(): void {
    this.#known.clear()
    losePower(this.#root)
  }

  readFile(path: string): Promise<Uint8Array> {
    return this.#read('readFile', path, () => {
      const inode = this.#find(placeOf(path).names, 'follow') ?? fail('ENOENT')
      if (inode.type !== 'file') return fail('EISDIR')
      return inode.content
    })
  }

  createFile(path: string, content: Uint8Array, access: FileAccess): Promise<void> {
    return this.#write('createFile', path, () => {
      const place = placeOf(path)
      const folder = this.#parent(place)
      if (folder.entries.has(place.name)) fail('EEXIST')
      this.#put(folder, place.name, newFile(content, access, this.#owner))
    })
  }

  replaceFile(path: string, content: Uint8Array, access: FileAccess): Promise<void> {
    return this.#write('replaceFile', path, () => {
      const place = placeOf(path)
      const folder = this.#parent(place)
      const hasFollowed = this.#hasFollowed
      const present = folder.entries.get(place.name)
      if (present?.type === 'directory') fail('EISDIR')
      const made = newFile(content, access, this.#owner)
      put(folder, place.name, made)
      // Only this path leads to another file now: an agent replaces its state all the time.
      if (present?.type === 'file' && !hasFollowed) this.#known.set(place.path, made)
      else this.#known.clear()
      sync(folder)
    })
  }

  appendFile(path: string, content: Uint8Array, access: FileAccess): Promise<void> {
    return this.#write('appendFile', path, () => {
      const place = placeOf(path)
      const folder = this.#parent(place)
      const present = folder.entries.get(place.name)
      if (present === undefined) {
        this.#put(folder, place.name, newFile(content, access, this.#owner))
        sync(folder)
        return
      }
      if (present.type !== 'file') return fail(present.type === 'symlink' ? 'ELOOP' : 'EISDIR')
      folder.seen = undefined
      present.content = Buffer.concat([present.content, content])
      present.durable = present.content
    })
  }

  makeDirectory(path: string, access: FileAccess): Promise<void> {
    return this.#write('makeDirectory', path, () => {
      const { names } = placeOf(path)
      const present = this.#find(names)
      if (present !== undefined && present.type !== 'directory') fail('EEXIST')
      this.#setAccess(path, present ?? this.#makeFolders(names), access)
    })
  }

  syncDirectory(path: string): Promise<void> {
    return this.#write('syncDirectory', path, () => sync(this.#folder(placeOf(path).names)))
  }

  replaceSymlink(path: string, target: string): Promise<void> {
    return this.#write('replaceSymlink', path, () => {
      const place = placeOf(path)
      const folder = this.#parent(place)
      const present = folder.entries.get(place.name)
      if (present !== undefined && present.type !== 'symlink') fail('EEXIST')
      this.#put(folder, place.name, newLink(target, this.#owner))
      sync(folder)
    })
  }

  readLink(path: string): Promise<string | undefined> {
    return this.#read('readLink', path, () => {
      const inode = this.#look(path)
      return inode?.type === 'symlink' ? inode.target : undefined
    })
  }

  list(path: string): Promise<string[]> {
    return this.#read('list', path, () => {
      const inode = this.#find(placeOf(path).names, 'follow')
      if (inode === undefined) return []
      if (inode.type !== 'directory') return fail('ENOTDIR')
      return [...inode.entries.keys()].sort()
    })
  }

  readFolder(
    path: string,
    names: readonly string[],
    fileBytesMax: number,
  ): Promise<ReadonlyMap<string, FolderEntry> | undefined> {
    return this.#read('readFolder', path, () => {
      const folder = this.#look(path)
      if (folder?.type !== 'directory') return undefined
      const { seen } = folder
      const isSame = seen?.fileBytesMax === fileBytesMax && haveSameNames(seen.names, names)
      if (isSame && this.#failures.length === 0) return seen.found
      const found = new Map<string, FolderEntry>()
      for (const name of names) {
        const inode = folder.entries.get(name)
        if (inode === undefined) continue
        const isRead = inode.type === 'file' && inode.content.byteLength <= fileBytesMax
        const isReadable = isRead && this.#toldFailure('readFile', `${path}/${name}`) === undefined
        const entry = statusOf(inode)
        found.set(name, isReadable ? Object.assign(entry, { content: inode.content }) : entry)
      }
      if (this.#failures.length === 0) folder.seen = { names, fileBytesMax, found }
      return found
    })
  }

  status(path: string): Promise<FileStatus | undefined> {
    return this.#read('status', path, () => {
      const inode = this.#look(path)
      return inode && statusOf(inode)
    })
  }

  setAccess(path: string, access: FileAccess): Promise<void> {
    return this.#write('setAccess', path, () => {
      const inode = this.#find(placeOf(path).names) ?? fail('ENOENT')
      if (inode.type === 'symlink') fail('ELOOP')
      this.#setAccess(path, inode, access)
    })
  }

  rename(from: string, to: string): Promise<void> {
    return this.#write('rename', from, () => {
      const [oldPlace, newPlace] = [placeOf(from), placeOf(to)]
      const source = this.#parent(oldPlace)
      const target = this.#parent(newPlace)
      const inode = source.entries.get(oldPlace.name) ?? fail('ENOENT')
      const replaced = target.entries.get(newPlace.name)
      if (replaced?.type === 'directory' && replaced.entries.size > 0) fail('ENOTEMPTY')
      takeAway(source, oldPlace.name)
      this.#put(target, newPlace.name, inode)
    })
  }

  remove(path: string): Promise<void> {
    return this.#write('remove', path, () => {
      const place = placeOf(path)
      const folder = this.#find(place.folder, 'follow')
      if (folder?.type !== 'directory') return
      takeAway(folder, place.name)
      this.#known.clear()
    })
  }

  #read<T>(operation: FileOperation, path: string, work: () => T): Promise<T> {
    return this.#do('read', operation, path, work)
  }

  #write<T>(operation: FileOperation, path: string, work: () => T): Promise<T> {
    return this.#do('write', operation, path, work)
  }

  /** No async function: simulations call it millions of times. */
  #do<T>(intent: FileIntent, operation: FileOperation, path: string, work: () => T): Promise<T> {
    try {
      this.onOperation(operation, path)
    } catch (error) {
      return Promise.reject(error)
    }
    try {
      if (this.#failures.length > 0) this.#failAsTold(operation, path)
      return Promise.resolve(work())
    } catch (error) {
      return Promise.reject(fileError(path, intent, error))
    }
  }

  #setAccess(path: string, inode: MemoryFile | MemoryFolder, access: FileAccess): void {
    const folder = this.#find(placeOf(path).folder, 'follow')
    if (folder?.type === 'directory') folder.seen = undefined
    setAccess(inode, access)
  }

  #failAsTold(operation: FileOperation, path: string): void {
    const errno = this.#toldFailure(operation, path)
    if (errno !== undefined) fail(errno)
  }

  #toldFailure(operation: FileOperation, path: string): string | undefined {
    if (this.#failures.length === 0) return undefined
    const told = this.#failures.find(
      ({ failure, left }) =>
        left > 0 &&
        (failure.operation ?? operation) === operation &&
        (failure.path === undefined || failure.path.test(path)),
    )
    if (told === undefined) return undefined
    told.left--
    return told.failure.errno
  }

  #makeFolders(names: readonly string[]): MemoryFolder {
    const present = this.#find(names, 'follow')
    if (present !== undefined) return present.type === 'directory' ? present : fail('ENOTDIR')
    const parent = this.#makeFolders(names.slice(0, -1))
    const made = newFolder({ mode: 0o755 }, this.#owner)
    this.#put(parent, names.at(-1) ?? '', made)
    sync(parent)
    return made
  }

  #parent({ folder }: Place): MemoryFolder {
    return this.#folder(folder)
  }

  #folder(names: readonly string[]): MemoryFolder {
    const inode = this.#find(names, 'follow') ?? fail('ENOENT')
    return inode.type === 'directory' ? inode : fail('ENOTDIR')
  }

  #put(folder: MemoryFolder, name: string, inode: Inode): void {
    put(folder, name, inode)
    this.#known.clear()
  }

  /** For operations that change nothing: simulations look at the same few paths hundreds of times between two changes. */
  #look(path: string): Inode | undefined {
    const known = this.#known.get(path)
    if (known !== undefined || this.#known.has(path)) return known
    const place = placeOf(path)
    const inode = this.#find(place.names)
    if (path === place.path && !this.#hasFollowed) this.#known.set(path, inode)
    return inode
  }

  /** Links in the middle of a path are followed; one at its end only where that is asked for. */
  #find(names: readonly string[], last: 'follow' | 'keep' = 'keep', links: number = 0): Inode | undefined {
    if (links > linksMax) return fail('ELOOP')
    this.#hasFollowed = links > 0
    let inode: Inode = this.#root
    for (let index = 0; index < names.length; index++) {
      if (inode.type !== 'directory') return undefined
      const next = inode.entries.get(names[index] ?? '')
      if (next === undefined) return undefined
      if (next.type === 'symlink' && (last === 'follow' || index < names.length - 1)) {
        const target = namesBehind(next.target, names.slice(0, index))
        return this.#find([...target, ...names.slice(index + 1)], last, links + 1)
      }
      inode = next
    }
    return inode
  }
}

/** A path, taken apart. */
interface Place {
  /** As everybody writes it who writes it in the same way. */
  readonly path: string
  readonly names: readonly string[]
  readonly folder: readonly string[]
  readonly name: string
}

/** Simulations look at the same few paths millions of times. */
const knownPaths = new Map<string, Place>()
const knownPathsMax = 10_000

function placeOf(path: string): Place {
  const known = knownPaths.get(path)
  if (known !== undefined) return known
  const names = normalize(path).split('/').filter(Boolean)
  const folder = names.slice(0, -1)
  const place = { path: `/${names.join('/')}`, names, folder, name: names.at(-1) ?? '' }
  if (knownPaths.size >= knownPathsMax) knownPaths.clear()
  knownPaths.set(path, place)
  return place
}

/** Where the target of a link in `folder` leads. */
function namesBehind(target: string, folder: readonly string[]): readonly string[] {
  if (target.startsWith('/')) return placeOf(target).names
  const names = [...folder]
  for (const name of target.split('/')) {
    if (name === '..') names.pop()
    else if (name !== '' && name !== '.') names.push(name)
  }
  return names
}

function statusOf(inode: Inode): FileStatus {
  const { type, mode, uid, gid } = inode
  return { type, mode, uid, gid, sizeBytes: inode.type === 'file' ? inode.content.byteLength : 0 }
}

function haveSameNames(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((name, index) => name === others[index])
}

function sync(folder: MemoryFolder): void {
  folder.durable = new Map(folder.entries)
}

/** Each of the system's errors, once: what is thrown in the end is made anew around it. */
const systemErrors = new Map<string, Error>()

function fail(errno: string): never {
  const error = systemErrors.get(errno) ?? Object.assign(new Error(errno), { code: errno })
  systemErrors.set(errno, error)
  throw error
}
