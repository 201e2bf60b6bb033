import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type TLSSocket } from 'node:tls'

/** Commands over TLS that go on while something else happens. */
export interface RedisLoad {
  readonly errors: ReadonlySet<string>
  /** Serials that were shown to fresh connections. */
  readonly serials: ReadonlySet<string>
  answered(more: number): Promise<void>
  stop(): Promise<{ readonly answers: number }>
}

export interface RedisLoadOptions {
  readonly port: number
  readonly serverName: string
  readonly ca: string
}

const freshCallers = 2
const keptCallers = 3
const pauseMs = 3

/** Sends PING, from callers that connect anew each time and from some that keep one connection throughout. */
export function startRedisLoad(options: RedisLoadOptions): RedisLoad {
  const errors = new Set<string>()
  const serials = new Set<string>()
  let answers = 0
  let stopped = false

  async function open(): Promise<TLSSocket> {
    const { port, serverName, ca } = options
    const socket = connect({ host: '127.0.0.1', port, servername: serverName, ca })
    await once(socket, 'secureConnect')
    serials.add(socket.getPeerX509Certificate()?.serialNumber.toLowerCase() ?? '')
    return socket
  }

  async function ping(socket: TLSSocket): Promise<void> {
    socket.write('PING\r\n')
    const [answer] = await once(socket, 'data')
    if (String(answer) !== '+PONG\r\n') throw new Error(`answer ${answer}`)
    answers++
  }

  async function callFresh(): Promise<void> {
    while (!stopped) {
      const socket = await open()
      await ping(socket)
      socket.destroy()
      await sleep(pauseMs)
    }
  }

  async function callKept(): Promise<void> {
    const socket = await open()
    for (; !stopped; await sleep(pauseMs)) await ping(socket)
    socket.destroy()
  }

  const callers = [
    ...Array.from({ length: freshCallers }, callFresh),
    ...Array.from({ length: keptCallers }, callKept),
  ].map((caller) => caller.catch((error: Error) => errors.add(error.message)))

  return {
    errors,
    serials,
    async answered(more) {
      for (const goal = answers + more; answers < goal && errors.size === 0; ) await sleep(5)
    },
    async stop() {
      stopped = true
      await Promise.all(callers)
      return { answers }
    },
  }
}
