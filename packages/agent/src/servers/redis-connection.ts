import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { connect as connectTls } from 'node:tls'
import { MayflyError } from '@mayfly/ca-core'
import type { HostPort } from '@mayfly/platform'

/** Where a Redis server takes commands. */
export type RedisAddress =
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'tcp'; readonly connect: HostPort }
  | {
      readonly kind: 'tls'
      readonly connect: HostPort
      readonly serverName: string
      /** PEM texts: the roots to trust, and what this end shows. */
      readonly ca: string
      readonly cert: string
      readonly key: string
    }

export interface RedisCommand {
  readonly words: readonly string[]
  /** Takes the place of the words in messages, where they hold a secret. */
  readonly shown?: string
  /** For a command that is to be refused in just this way. */
  readonly refusal?: RegExp
}

/** For all commands together: a server that sends a byte now and then is never silent. */
const answersTimeoutMs = 10_000
/** An answer is one line. */
const answersBytesMax = 65_536

/**
 * Sends commands whose answers are one line each (`+OK`, `+PONG`), one after the other. Throws
 * `reload-failed` at the first that Redis refuses (or takes, where a refusal is wanted), with what it says.
 */
export async function sendRedisCommands(
  address: RedisAddress,
  commands: readonly RedisCommand[],
  timeoutMs: number = answersTimeoutMs,
): Promise<void> {
  const signal = AbortSignal.timeout(timeoutMs)
  const socket = await open(address, signal)
  limitAnswers(socket, signal)
  try {
    const lines = createInterface({ input: socket })[Symbol.asyncIterator]()
    for (const { words, shown, refusal } of commands) {
      socket.write(encodeCommand(words))
      const { value: answer = '', done } = await lines.next()
      if (done === true) throw socket.errored ?? new Error('it closed the connection')
      if (refusal === undefined ? !answer.startsWith('+') : !refusal.test(answer))
        throw new Error(`it answers "${answer.slice(1)}" to ${shown ?? words.join(' ')}${adviceOn(answer)}`)
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new MayflyError(
      'reload-failed',
      `Redis at ${shownAddress(address)}: ${reason}. It keeps the old certificate.`,
      {
        details: { address: shownAddress(address) },
        cause,
      },
    )
  } finally {
    socket.destroy()
  }
}

/** What the configuration lacks, where the answer tells. */
function adviceOn(answer: string): string {
  if (answer.startsWith('-NOAUTH')) return '; set passwordFile (and user) in agent.yaml'
  if (answer.startsWith('-WRONGPASS')) return '; correct user and passwordFile in agent.yaml'
  return answer.startsWith('-NOPERM') ? '; allow the user CONFIG SET' : ''
}

/** RESP: an array of bulk strings. */
function encodeCommand(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`
}

/** Whatever takes the server's place could go on for ever. */
function limitAnswers(socket: Socket, signal: AbortSignal): void {
  let bytes = 0
  socket.on('data', (chunk) => {
    bytes += chunk.length
    if (bytes > answersBytesMax) socket.destroy(new Error('its answer is too long'))
  })
  const late = (): void => void socket.destroy(new Error('it does not answer in time'))
  signal.addEventListener('abort', late)
  socket.once('close', () => signal.removeEventListener('abort', late))
}

async function open(address: RedisAddress, signal: AbortSignal): Promise<Socket> {
  const [socket, event] = connectTo(address)
  try {
    await once(socket, event, { signal })
  } catch (cause) {
    socket.destroy()
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new MayflyError(
      'reload-failed',
      `Redis cannot be reached at ${shownAddress(address)}: ${reason}. Start it, or correct the address in the configuration.`,
      { details: { address: shownAddress(address), because: 'server-down' }, cause },
    )
  }
  // Ends the reading of lines, which says that the connection has closed.
  socket.on('error', () => socket.destroy())
  return socket
}

function connectTo(address: RedisAddress): readonly [Socket, 'connect' | 'secureConnect'] {
  switch (address.kind) {
    case 'socket':
      return [connect({ path: address.path }), 'connect']
    case 'tcp':
      return [connect({ ...address.connect }), 'connect']
    case 'tls': {
      const { serverName, ca, cert, key } = address
      return [connectTls({ ...address.connect, servername: serverName, ca, cert, key }), 'secureConnect']
    }
  }
}

function shownAddress(address: RedisAddress): string {
  return address.kind === 'socket' ? address.path : `${address.connect.host}:${address.connect.port}`
}
