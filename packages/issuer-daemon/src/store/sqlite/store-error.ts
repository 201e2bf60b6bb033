import { MayflyError } from '@mayfly/ca-core'
import { BulkWriterEnded } from './writing/bulk-writer-ended.ts'

// https://www.sqlite.org/rescode.html; the low byte of an extended code is its primary code.
const sqliteCorrupt = 11
const sqliteNotADatabase = 26
const sqliteConstraint = 19
const sqliteError = 1

/** What SQLite says, as Mayfly says it. Anything that is no fault of the world passes unchanged. */
export function storeError(error: unknown, path: string): unknown {
  if (isFileError(error) || error instanceof BulkWriterEnded) return unavailable(error, path)
  const code = primaryCode(error)
  if (code === undefined || code === sqliteConstraint || code === sqliteError) return error
  if (code !== sqliteCorrupt && code !== sqliteNotADatabase) return unavailable(error, path)
  return new MayflyError(
    'store-invalid',
    `${path} is damaged or no store: ${messageOf(error)}; restore a backup`,
    { details: { path }, cause: error },
  )
}

/** A write has taken so long already that nobody else is made to wait for its end. */
export function diskStalled(path: string, afterMs: number): MayflyError {
  return new MayflyError(
    'store-unavailable',
    `the disk of the store ${path} stands still: a write has taken over ${afterMs / 1_000} s; ` +
      "look at the disk and the kernel's log (dmesg)",
    { details: { path } },
  )
}

function unavailable(cause: unknown, path: string): MayflyError {
  return new MayflyError(
    'store-unavailable',
    `the store ${path} cannot be written or read: ${messageOf(cause)}; ` +
      "check the disk, its free space and permissions, and the kernel's log (dmesg)",
    { details: { path }, cause },
  )
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Node's own, such as EACCES. */
function isFileError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error
}

/** Whether a unique or foreign key was violated. */
export function isConstraintViolation(error: unknown): boolean {
  return primaryCode(error) === sqliteConstraint
}

function primaryCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number')
    return undefined
  return error.errcode & 0xff
}
