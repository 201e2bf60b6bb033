import { chmod, lstat, mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** What a disk holds at one place: what the kernel shows, and what would be left without power. */
type Inode =
  | { readonly kind: 'file'; mode: number; content: Buffer; synced: Buffer }
  | { readonly kind: 'folder'; mode: number; entries: Map<string, Inode>; synced: Map<string, Inode> }
  | { readonly kind: 'link'; readonly target: string }

type Folder = Extract<Inode, { kind: 'folder' }>

/** The calls of a process that change a disk, for `strace --trace`. */
export const tracedCalls =
  'openat,write,pwrite64,ftruncate,fsync,fdatasync,fchmod,rename,renameat,renameat2,symlink,symlinkat,mkdir,mkdirat,unlink,unlinkat,rmdir'

/** More folders than these with changes that are not synced, and the choices were too many to try. */
const unsyncedFoldersMax = 6

/**
 * A folder that is told of the calls that change it, and knows what a loss of power could leave of it: the content of files
 * as of their fsync, and of each folder either all of its entries or those of its own fsync.
 */
export class RecordedDisk {
  readonly #path: string
  readonly #root: Folder

  private constructor(path: string, root: Folder) {
    this.#path = path
    this.#root = root
  }

  /** Takes what is there for synced. */
  static async open(path: string): Promise<RecordedDisk> {
    return new RecordedDisk(path, (await readInode(path)) as Folder)
  }

  /** Applies one line of `strace -ff -ttt -y -xx`. Gives back whether it changed anything here. */
  apply(line: string): boolean {
    const call = /^[\d.]+ (\w+)\((.*)\) += (-?\w+)/s.exec(line)
    if (call === null || call[3]?.startsWith('-') === true) return false
    const [, name = '', given = ''] = call
    const paths = [...given.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) => unescaped(text))
    const onFile = /^\d+<([^>]*)>/.exec(given)?.[1]
    const file = onFile === undefined ? undefined : unescaped(onFile).toString()
    if (file !== undefined) return this.#isHere(file) && this.#changeFile(name, file, given, paths)
    const texts = paths.map(String)
    const last = texts.at(-1) ?? ''
    return this.#isHere(last) && this.#changeEntry(name, texts, given)
  }

  /** Each tree that could be left now, once, as a text that tells it from others, and how to lay it on a real disk. */
  *afterPowerLoss(): Generator<{ readonly key: string; readonly layAt: (path: string) => Promise<void> }> {
    const dirty = foldersOf(this.#root).filter(
      (folder) => describeEntries(folder.entries) !== describeEntries(folder.synced),
    )
    if (dirty.length > unsyncedFoldersMax)
      throw new Error(`${dirty.length} folders with changes that are not synced`)
    for (let choice = 0; choice < 2 ** dirty.length; choice++) {
      const kept = new Set(dirty.filter((_, index) => (choice & (1 << index)) !== 0))
      const left = leftOf(this.#root, kept)
      yield { key: JSON.stringify(left), layAt: (path) => lay(left, path) }
    }
  }

  #isHere(path: string): boolean {
    return path.startsWith(`${this.#path}/`) || path === this.#path
  }

  #changeFile(name: string, path: string, given: string, written: readonly Buffer[]): boolean {
    const inode = this.#find(path)
    if (inode === undefined || inode.kind === 'link') return false
    switch (name) {
      case 'fchmod':
        inode.mode = Number.parseInt(/(0[0-7]+)$/.exec(given)?.[1] ?? '0', 8)
        return true
      case 'fsync':
      case 'fdatasync':
        if (inode.kind === 'file') inode.synced = inode.content
        else inode.synced = new Map(inode.entries)
        return true
      case 'write':
      case 'pwrite64':
        if (inode.kind === 'file') inode.content = Buffer.concat([inode.content, ...written])
        return true
      default:
        throw new Error(`${name} is not replayed: ${path}`)
    }
  }

  #changeEntry(name: string, paths: readonly string[], given: string): boolean {
    const [from = '', to = ''] = paths
    switch (name) {
      case 'openat':
        return /O_CREAT/.test(given) && this.#create(from, given)
      case 'mkdir':
      case 'mkdirat':
        this.#folderOf(from).entries.set(basename(from), {
          kind: 'folder',
          mode: 0o700,
          entries: new Map(),
          synced: new Map(),
        })
        return true
      case 'symlink':
      case 'symlinkat':
        this.#folderOf(to).entries.set(basename(to), { kind: 'link', target: from })
        return true
      case 'rename':
      case 'renameat':
      case 'renameat2': {
        const moved = this.#find(from)
        if (moved === undefined) throw new Error(`${from} is renamed and not known`)
        this.#folderOf(from).entries.delete(basename(from))
        this.#folderOf(to).entries.set(basename(to), moved)
        return true
      }
      case 'unlink':
      case 'unlinkat':
      case 'rmdir':
        return this.#folderOf(from).entries.delete(basename(from))
      default:
        throw new Error(`${name} is not replayed: ${paths.join(' ')}`)
    }
  }

  #create(path: string, given: string): boolean {
    const { entries } = this.#folderOf(path)
    const present = entries.get(basename(path))
    if (present?.kind === 'file' && !/O_TRUNC/.test(given)) return false
    entries.set(basename(path), {
      kind: 'file',
      mode: 0o600,
      content: Buffer.alloc(0),
      synced: Buffer.alloc(0),
    })
    return true
  }

  #folderOf(path: string): Folder {
    const folder = this.#find(dirname(path))
    if (folder?.kind !== 'folder') throw new Error(`${dirname(path)} is no folder that is known`)
    return folder
  }

  #find(path: string): Inode | undefined {
    let found: Inode | undefined = this.#root
    for (const part of path.slice(this.#path.length).split('/').filter(Boolean))
      found = found?.kind === 'folder' ? found.entries.get(part) : undefined
    return found
  }
}

/** What is left, in a form that is the same for the same tree. */
type Left =
  | { readonly content: string; readonly mode: number }
  | { readonly target: string }
  | { readonly mode: number; readonly entries: readonly (readonly [string, Left])[] }

function leftOf(inode: Inode, kept: ReadonlySet<Inode>): Left {
  if (inode.kind === 'link') return { target: inode.target }
  if (inode.kind === 'file') return { content: inode.synced.toString('base64'), mode: inode.mode }
  const entries = kept.has(inode) ? inode.entries : inode.synced
  const sorted = [...entries].sort(([one], [other]) => (one < other ? -1 : 1))
  return { mode: inode.mode, entries: sorted.map(([name, child]) => [name, leftOf(child, kept)]) }
}

async function lay(left: Left, path: string): Promise<void> {
  if ('target' in left) return symlink(left.target, path)
  if ('content' in left) await writeFile(path, Buffer.from(left.content, 'base64'), { flag: 'wx' })
  else {
    await rm(path, { recursive: true, force: true })
    await mkdir(path)
    for (const [name, child] of left.entries) await lay(child, join(path, name))
  }
  await chmod(path, left.mode)
}

function foldersOf(folder: Folder): Folder[] {
  const below = new Set([...folder.entries.values(), ...folder.synced.values()])
  return [folder, ...[...below].flatMap((inode) => (inode.kind === 'folder' ? foldersOf(inode) : []))]
}

const identities = new WeakMap<Inode, number>()
let identitiesGiven = 0

function describeEntries(entries: ReadonlyMap<string, Inode>): string {
  const named = [...entries].map(([name, inode]) => {
    const identity = identities.get(inode) ?? ++identitiesGiven
    identities.set(inode, identity)
    return `${name}=${identity}`
  })
  return named.sort().join('/')
}

async function readInode(path: string): Promise<Inode> {
  const status = await lstat(path)
  const mode = status.mode & 0o7777
  if (status.isSymbolicLink()) return { kind: 'link', target: await readlink(path) }
  if (!status.isDirectory()) {
    const content = await readFile(path)
    return { kind: 'file', mode, content, synced: content }
  }
  const entries = new Map<string, Inode>()
  for (const name of await readdir(path)) entries.set(name, await readInode(join(path, name)))
  return { kind: 'folder', mode, entries, synced: new Map(entries) }
}

/** With `-xx` every byte of a text is `\\xNN`. */
function unescaped(text: string): Buffer {
  return Buffer.from(
    text.replaceAll(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  )
}
