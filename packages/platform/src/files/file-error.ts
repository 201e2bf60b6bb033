import { type ErrorCode, MayflyError } from '@mayfly/ca-core'

export type FileIntent = 'read' | 'write'

interface FileErrorRule {
  readonly code: ErrorCode
  readonly reason: string
}

const rules: Readonly<Record<string, FileErrorRule>> = {
  ENOENT: { code: 'file-missing', reason: 'there is no such file or folder' },
  EEXIST: { code: 'file-exists', reason: 'something of this name exists already' },
  ENOTEMPTY: { code: 'file-exists', reason: 'the folder is not empty' },
  EACCES: { code: 'permission-denied', reason: 'permission denied' },
  EPERM: { code: 'permission-denied', reason: 'the operation is not permitted' },
  ENOSPC: { code: 'disk-full', reason: 'no space is left on the disk' },
  EDQUOT: { code: 'disk-full', reason: 'the disk quota is used up' },
}

const otherReasons: Readonly<Record<string, string>> = {
  EROFS: 'the file system is read-only',
  ELOOP: 'it is a symbolic link, which is not followed here',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is not a folder',
  ENAMETOOLONG: 'the name is too long',
  EMFILE: 'too many files are open',
  EIO: 'the disk reported an error',
}

/** Says what the system said of `path`, as a `MayflyError` with `details.path` and `details.errno`. */
export function fileError(path: string, intent: FileIntent, cause: unknown): MayflyError {
  if (cause instanceof MayflyError) return cause
  const errno = errnoOf(cause) ?? 'unknown'
  const rule = isAboutGiving(cause, errno) ? givingRule : rules[errno]
  const code = rule?.code ?? (intent === 'read' ? 'file-unreadable' : 'file-unwritable')
  const reason =
    rule?.reason ?? otherReasons[errno] ?? (cause instanceof Error ? cause.message : String(cause))
  return new MayflyError(code, `${path}: ${reason}`, { details: { path, errno }, cause })
}

/** chown(2): what needs CAP_CHOWN. Whoever reads "not permitted" looks at the folder, where nothing is wrong. */
const givingRule: FileErrorRule = {
  code: 'permission-denied',
  reason:
    'only root may give a file to another user, or to a group that one is not in; run this as root, or name another owner and group',
}

function isAboutGiving(cause: unknown, errno: string): boolean {
  return errno === 'EPERM' && cause instanceof Error && 'syscall' in cause && cause.syscall === 'fchown'
}

/** SQLITE_FULL (https://www.sqlite.org/rescode.html), in the low byte. SQLite keeps the system's own name to itself. */
const sqliteFull = 13

/** The system's name of the error (`ENOENT`), if it is one of the system's. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  if ('errcode' in error && (Number(error.errcode) & 0xff) === sqliteFull) return 'ENOSPC'
  return typeof error.code === 'string' ? error.code : undefined
}
