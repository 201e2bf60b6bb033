import { spawn } from 'node:child_process'
import { fstatSync } from 'node:fs'

/** Who reads standard output, watched. */
export interface WatchedReader {
  /** Aborted once nobody can read what is written. */
  readonly gone: AbortSignal
  end(): void
}

const standardOutput = 1

/**
 * Tells when the reader of standard output has gone, for a command that may have nothing to write for hours.
 *
 * Node asks a pipe for that only by writing into it. GNU tail (coreutils 8.28 and later) polls its output: with a file
 * that never grows it ends by SIGPIPE as soon as its reader has gone, and with `--pid` when this process has. Where
 * there is no such tail, the next line that is written finds out.
 */
export function watchReader(): WatchedReader {
  const gone = new AbortController()
  const output = fstatSync(standardOutput)
  if (!output.isFIFO() && !output.isSocket()) return { gone: gone.signal, end: () => undefined }
  const watcher = spawn('tail', [`--pid=${process.pid}`, '--sleep-interval=0.2', '-f', '/dev/null'], {
    stdio: ['ignore', 'inherit', 'ignore'],
  })
  watcher.on('error', () => undefined)
  watcher.on('exit', (_, signal) => {
    if (signal === 'SIGPIPE') gone.abort()
  })
  return { gone: gone.signal, end: () => void watcher.kill() }
}
