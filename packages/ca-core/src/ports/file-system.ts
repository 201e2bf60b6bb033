/** Who may read a file or folder; ids are numeric, absent means the running process's own. */
export interface FileAccess {
  /** Permission bits, such as `0o600`. */
  readonly mode: number
  readonly uid?: number
  readonly gid?: number
}

export interface FileStatus {
  readonly type: 'file' | 'directory' | 'symlink' | 'other'
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly sizeBytes: number
}

/** What is found under a name in a folder. */
export interface FolderEntry extends FileStatus {
  /** Of a file that is not larger than asked for and can be read. */
  readonly content?: Uint8Array
}

/**
 * Files as a daemon needs them: created with their final access, durable before they are named.
 *
 * Errors are `MayflyError`s: `file-missing`, `file-exists`, `permission-denied`, `disk-full`,
 * `file-unreadable` or `file-unwritable`, each with `details.path`.
 * No method follows a symbolic link in the last component of its path, but `readFile`.
 */
export interface FileSystem {
  readFile(path: string): Promise<Uint8Array>
  /** Creates a file that must not exist, with its final access from the first moment, and fsyncs it. */
  createFile(path: string, content: Uint8Array, access: FileAccess): Promise<void>
  /** Replaces a file (or creates it) in one step: temporary file beside it, fsync, rename, fsync of the folder. */
  replaceFile(path: string, content: Uint8Array, access: FileAccess): Promise<void>
  /** Appends to a file (creates it if missing) and fsyncs it. */
  appendFile(path: string, content: Uint8Array, access: FileAccess): Promise<void>
  /** Creates the folder and missing parents; an existing folder is given `access`. */
  makeDirectory(path: string, access: FileAccess): Promise<void>
  /** Makes created, renamed and removed entries of the folder durable. */
  syncDirectory(path: string): Promise<void>
  /** Points `path` at `target` in one step (temporary link, rename, fsync of the folder); refuses to replace what is no link. */
  replaceSymlink(path: string, target: string): Promise<void>
  /** The target as stored, or `undefined` where there is no symbolic link. */
  readLink(path: string): Promise<string | undefined>
  /** Names in the folder, sorted; empty where there is no such folder. */
  list(path: string): Promise<string[]>
  /**
   * Those of `names` that are in the folder, read in one go, with the content of files of at most `fileBytesMax` bytes.
   * `undefined` where there is no folder at `path`. Nothing is followed, neither `path` nor what is in it.
   */
  readFolder(
    path: string,
    names: readonly string[],
    fileBytesMax: number,
  ): Promise<ReadonlyMap<string, FolderEntry> | undefined>
  /** `lstat`: of the link itself, never of what it points to; `undefined` where there is nothing. */
  status(path: string): Promise<FileStatus | undefined>
  setAccess(path: string, access: FileAccess): Promise<void>
  rename(from: string, to: string): Promise<void>
  /** Removes a file, a link, or a folder with all that is in it; nothing there is no error. */
  remove(path: string): Promise<void>
}
