import { exitCodes, outputClosedExitCode } from '../errors/exit-codes.ts'

/** What of the process is needed here; in tests a stand-in. */
interface Streams {
  readonly stdout: NodeJS.EventEmitter
  readonly stderr: NodeJS.EventEmitter & { write(text: string): unknown }
  listenerCount(event: string): number
  readonly pid: number
  exitCode?: number | string | null | undefined
  kill(pid: number, signal: string): unknown
  exit(code: number): never
}

/**
 * Ends a command whose output nobody reads any more (`mayfly audit export | head`) quietly, as others are ended by
 * SIGPIPE, and one whose output cannot be written with a sentence. What ends in order on SIGTERM is told that way.
 */
export function endWithOutput(streams: Streams = process): void {
  const { stdout, stderr } = streams
  let isLost = false
  // Where errors would be told is lost: there is nobody to tell.
  stderr.on('error', () => undefined)
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (isLost) return
    isLost = true
    const isClosed = error.code === 'EPIPE'
    if (!isClosed) stderr.write(`mayfly: standard output: ${reasonOf(error)} (${codeOf(error)})\n`)
    streams.exitCode = isClosed ? outputClosedExitCode : exitCodes[codeOf(error)]
    if (streams.listenerCount('SIGTERM') > 0) streams.kill(streams.pid, 'SIGTERM')
    else streams.exit(streams.exitCode)
  })
}

function codeOf({ code }: NodeJS.ErrnoException): 'disk-full' | 'file-unwritable' {
  return code === 'ENOSPC' || code === 'EDQUOT' ? 'disk-full' : 'file-unwritable'
}

function reasonOf(error: NodeJS.ErrnoException): string {
  return codeOf(error) === 'disk-full' ? 'no space is left on the disk' : error.message
}
