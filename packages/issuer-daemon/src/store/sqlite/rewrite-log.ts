import { closeSync, existsSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs'

const pieceBytes = 1_048_576

/**
 * Writes the log of an SQLite file over itself, and syncs it. To be done before SQLite reads what a process left
 * that did not end well.
 *
 * After an fsync that failed, Linux takes the pages for clean: they read as they were written, no later fsync writes
 * them, and a power cut takes them away (wiki.postgresql.org/wiki/Fsync_Errors). While it runs, SQLite writes such a
 * transaction's place in the log anew. But the next start finds it whole in memory, takes it for committed, and
 * appends to what is not on the disk. Written once more, all that is read is on the disk, or the start fails.
 *
 * @throws what the system says, such as EIO
 */
export function rewriteLog(path: string): void {
  const log = `${path}-wal`
  if (!existsSync(log)) return
  const descriptor = openSync(log, 'r+')
  try {
    const piece = Buffer.allocUnsafe(pieceBytes)
    for (let place = 0; ; ) {
      const length = readSync(descriptor, piece, 0, pieceBytes, place)
      if (length === 0) break
      for (let written = 0; written < length; ) {
        written += writeSync(descriptor, piece, written, length - written, place + written)
      }
      place += length
    }
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
