import { connect } from 'node:net'
import { MayflyError } from '@mayfly/ca-core'

/** An answer is a line or some; a list of certificates may be long. */
const answerBytesMax = 1_048_576
const answerTimeoutMs = 10_000

/**
 * Sends one command to a server's Unix socket and gives back all that it answers before it closes.
 * Throws `reload-failed`, with `details.because: 'server-down'` where nobody listens.
 */
export function askUnixSocket(
  path: string,
  command: string,
  timeoutMs: number = answerTimeoutMs,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path })
    const parts: Buffer[] = []
    let bytes = 0
    const fail = (reason: string, because: string, cause?: unknown): void => {
      reject(
        new MayflyError('reload-failed', `${path}: ${reason}`, { details: { socket: path, because }, cause }),
      )
      socket.destroy()
    }
    // For the whole answer: a server that sends a byte now and then is never silent.
    const limit = setTimeout(
      () => fail('no answer in time; see whether the server is overloaded.', 'timeout'),
      timeoutMs,
    )
    socket.once('close', () => clearTimeout(limit))
    socket.once('error', (cause: NodeJS.ErrnoException) => {
      const { reason, because } = socketReason(cause)
      fail(reason, because, cause)
    })
    socket.on('data', (part: Buffer) => {
      parts.push(part)
      bytes += part.length
      if (bytes > answerBytesMax) fail('the answer is too long.', 'answer')
    })
    socket.once('end', () => {
      socket.destroy()
      resolve(Buffer.concat(parts).toString('utf8').trim())
    })
    // The socket stays open for writing: HAProxy drops what it has not answered when it sees the end.
    socket.write(command)
  })
}

function socketReason({ code, message }: NodeJS.ErrnoException): {
  readonly reason: string
  readonly because: string
} {
  if (code === 'ENOENT' || code === 'ECONNREFUSED') {
    return {
      reason: 'nobody listens on this socket; start the server, or correct socket in the configuration.',
      because: 'server-down',
    }
  }
  if (code === 'EACCES')
    return { reason: 'the agent may not open this socket; see its owner and mode.', because: 'permission' }
  return { reason: message, because: 'socket' }
}
