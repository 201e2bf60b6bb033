import { constants } from 'node:fs'
import { type FileHandle, lstat, mkdir, open, readdir, readlink, rename, rm, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import {
  type FileAccess,
  type FileStatus,
  type FileSystem,
  type FolderEntry,
  MayflyError,
} from '@mayfly/ca-core'
import { systemRandom } from '../random/system-random.ts'
import { errnoOf, type FileIntent, fileError } from './file-error.ts'
import { applyAccess, syncFolder, withFile } from './open-file.ts'
import { temporaryPath } from './temporary-name.ts'

const { O_APPEND, O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants

/** A new file is the creator's alone until its owner, group and mode are set, whatever the umask. */
const birthMode = 0o600
/** Parents that `makeDirectory` has to make: passable, as `mkdir -p` makes them; secrets live in the last. */
const parentMode = 0o755

/** Four times the largest that is meant to be read, a declaration of 200,000 identities. `/dev/zero` has no end. */
export const readBytesMax = 67_108_864

/** The machine's files. */
export const nodeFileSystem: FileSystem = {
  readFile: (path) => guard(path, 'read', () => readBounded(path)),

  createFile: (path, content, access) => guard(path, 'write', () => create(path, content, access)),

  replaceFile: (path, content, access) =>
    guard(path, 'write', async () => {
      const temporary = temporaryPath(path, systemRandom)
      await create(temporary, content, access)
      await renameOrRemove(temporary, path)
      await syncFolder(dirname(path))
    }),

  appendFile: (path, content, access) => guard(path, 'write', () => append(path, content, access)),

  makeDirectory: (path, access) => guard(path, 'write', () => makeFolder(path, access)),

  syncDirectory: (path) => guard(path, 'write', () => syncFolder(path)),

  replaceSymlink: (path, target) =>
    guard(path, 'write', async () => {
      const present = await statusOf(path)
      if (present !== undefined && present.type !== 'symlink') {
        throw new MayflyError(
          'file-exists',
          `${path}: there is a ${present.type}, not a symbolic link; move it away`,
          {
            details: { path },
          },
        )
      }
      const temporary = temporaryPath(path, systemRandom)
      await symlink(target, temporary)
      await renameOrRemove(temporary, path)
      await syncFolder(dirname(path))
    }),

  readLink: (path) =>
    guard(path, 'read', () => unless(['ENOENT', 'EINVAL', 'ENOTDIR'], undefined, () => readlink(path))),

  list: (path) => guard(path, 'read', async () => (await unless(['ENOENT'], [], () => readdir(path))).sort()),

  readFolder: (path, names, fileBytesMax) =>
    guard(path, 'read', async () => {
      if ((await statusOf(path))?.type !== 'directory') return undefined
      const entries = await Promise.all(names.map((name) => readEntry(join(path, name), fileBytesMax)))
      const found = new Map<string, FolderEntry>()
      for (const [index, entry] of entries.entries()) if (entry) found.set(names[index] ?? '', entry)
      return found
    }),

  status: (path) => guard(path, 'read', () => statusOf(path)),

  setAccess: (path, access) =>
    guard(path, 'write', () =>
      withFile(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, (file) => applyAccess(file, access)),
    ),

  rename: (from, to) => guard(from, 'write', () => rename(from, to)),

  remove: (path) => guard(path, 'write', () => rm(path, { recursive: true, force: true })),
}

async function guard<T>(path: string, intent: FileIntent, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw fileError(path, intent, error)
  }
}

/** `fallback` where the system says one of `errnos`. */
async function unless<T>(errnos: readonly string[], fallback: T, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (errnos.includes(errnoOf(error) ?? '')) return fallback
    throw error
  }
}

async function readBounded(path: string): Promise<Uint8Array> {
  const handle = await open(path)
  try {
    const { size: bytes } = await handle.stat()
    // Pipes, devices and what is under /proc say 0, and are read piece by piece, which takes five times as long.
    const content = bytes > 0 && bytes <= readBytesMax ? await handle.readFile() : await readPieces(handle)
    if (content.byteLength <= readBytesMax)
      return new Uint8Array(content.buffer, content.byteOffset, content.byteLength)
  } finally {
    await handle.close()
  }
  const mebibytes = readBytesMax / 1_048_576
  throw new MayflyError('file-unreadable', `${path}: it is longer than ${mebibytes} MiB`, {
    details: { path },
  })
}

/** What there is, or a byte more than may be read. */
async function readPieces(handle: FileHandle): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of handle.createReadStream({ end: readBytesMax, autoClose: false }))
    pieces.push(piece)
  return Buffer.concat(pieces)
}

async function create(path: string, content: Uint8Array, access: FileAccess): Promise<void> {
  await withFile(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, birthMode & access.mode, async (file) => {
    try {
      await applyAccess(file, access)
      await file.writeFile(content)
      await file.sync()
    } catch (error) {
      // Half a file under the final name would stand in the way of the next try.
      await rm(path, { force: true })
      throw error
    }
  })
}

async function renameOrRemove(temporary: string, path: string): Promise<void> {
  try {
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

async function append(path: string, content: Uint8Array, access: FileAccess): Promise<void> {
  if ((await statusOf(path)) === undefined) {
    const created = await unless(['EEXIST'], false, () => create(path, content, access).then(() => true))
    if (created) return syncFolder(dirname(path))
  }
  await withFile(path, O_WRONLY | O_APPEND | O_NOFOLLOW, 0, async (file) => {
    const { size } = await file.stat()
    try {
      await file.writeFile(content)
      await file.sync()
    } catch (error) {
      // A torn last record would be taken for part of the next one.
      await file.truncate(size)
      throw error
    }
  })
}

async function makeFolder(path: string, access: FileAccess): Promise<void> {
  const present = await statusOf(path)
  if (present !== undefined && present.type !== 'directory') {
    throw new MayflyError('file-exists', `${path}: there is a ${present.type}, not a folder`, {
      details: { path },
    })
  }
  if (present === undefined) await makeMissingFolders(path)
  await withFile(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, (folder) => applyAccess(folder, access))
}

async function makeMissingFolders(path: string): Promise<void> {
  const parent = dirname(path)
  if (parent !== path && (await statusOf(parent)) === undefined) {
    await makeMissingFolders(parent)
    await withFile(parent, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, (folder) => folder.chmod(parentMode))
  }
  await unless(['EEXIST'], undefined, () => mkdir(path, 0o700))
  await syncFolder(parent)
}

async function statusOf(path: string): Promise<FileStatus | undefined> {
  const found = await unless(['ENOENT', 'ENOTDIR'], undefined, () => lstat(path))
  if (found === undefined) return undefined
  const type = found.isFile()
    ? 'file'
    : found.isDirectory()
      ? 'directory'
      : found.isSymbolicLink()
        ? 'symlink'
        : 'other'
  return { type, mode: found.mode & 0o7777, uid: found.uid, gid: found.gid, sizeBytes: found.size }
}

async function readEntry(path: string, fileBytesMax: number): Promise<FolderEntry | undefined> {
  const status = await statusOf(path)
  if (status?.type !== 'file' || status.sizeBytes > fileBytesMax) return status
  const content = await readUpTo(path, status.sizeBytes).catch(() => undefined)
  return { ...status, ...(content !== undefined && { content }) }
}

/** At most so many bytes: whoever can swap the file could make it endless, or a pipe. */
async function readUpTo(path: string, bytesMax: number): Promise<Uint8Array> {
  return withFile(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, async (file) => {
    const content = new Uint8Array(bytesMax)
    const { bytesRead } = await file.read(content, 0, bytesMax, 0)
    return content.subarray(0, bytesRead)
  })
}
