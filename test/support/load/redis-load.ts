import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type TLSSocket } from 'node:tls'

/** Commands over TLS that go on while something else happens. */
export interface RedisLoad {
  readonly counts: RedisCounts
  readonly errors: ReadonlySet<string>
  /** Serials that were shown to fresh connections. */
  readonly serials: ReadonlySet<string>
  answered(more: number): Promise<void>
  stop(): Promise<RedisCounts>
}

export interface RedisCounts {
  /** Commands that were answered. */
  requests: number
  failedRequests: number
  failedHandshakes: number
}

export interface RedisLoadOptions {
  readonly port: number
  readonly serverName: string
  readonly ca: string
}

const freshCallers = 2
const keptCallers = 3
const pauseMs = 3

/**
 * Sends PING, from callers that connect anew each time and from some that keep one connection throughout.
 * A caller whose connection fails begins with a new one.
 */
export function startRedisLoad(options: RedisLoadOptions): RedisLoad {
  const counts: RedisCounts = { requests: 0, failedRequests: 0, failedHandshakes: 0 }
  const errors = new Set<string>()
  const serials = new Set<string>()
  let stopped = false

  async function open(): Promise<TLSSocket> {
    const { port, serverName, ca } = options
    const socket = connect({ host: '127.0.0.1', port, servername: serverName, ca })
    await once(socket, 'secureConnect').catch((error: unknown) => {
      counts.failedHandshakes++
      throw error
    })
    serials.add(socket.getPeerX509Certificate()?.serialNumber.toLowerCase() ?? '')
    return socket
  }

  async function ping(socket: TLSSocket, signal: AbortSignal): Promise<void> {
    try {
      socket.write('PING\r\n')
      const [answer] = await once(socket, 'data', { signal })
      if (String(answer) !== '+PONG\r\n') throw new Error(`answer ${answer}`)
      counts.requests++
    } catch (error) {
      counts.failedRequests++
      throw error
    }
  }

  async function connection(commands: number): Promise<void> {
    const socket = await open()
    const closed = new AbortController()
    socket.once('close', () => closed.abort())
    try {
      for (let sent = 0; sent < commands && !stopped; sent++) {
        await ping(socket, closed.signal)
        await sleep(pauseMs)
      }
    } finally {
      socket.destroy()
    }
  }

  async function call(commandsEach: number): Promise<void> {
    while (!stopped) await connection(commandsEach).catch((error: Error) => errors.add(error.message))
  }

  const callers = [
    ...Array.from({ length: freshCallers }, () => call(1)),
    ...Array.from({ length: keptCallers }, () => call(Number.POSITIVE_INFINITY)),
  ]

  return {
    counts,
    errors,
    serials,
    async answered(more) {
      for (const goal = counts.requests + more; counts.requests < goal && errors.size === 0; ) await sleep(5)
    },
    async stop() {
      stopped = true
      await Promise.all(callers)
      return counts
    },
  }
}
