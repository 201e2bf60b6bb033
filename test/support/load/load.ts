import { once } from 'node:events'
import { Agent, request } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TLSSocket } from 'node:tls'

/** Calls that go on while something else happens. */
export interface Load {
  readonly counts: LoadCounts
  /** Serials of the certificates that were shown, in the order in which they were first seen. */
  readonly serials: ReadonlySet<string>
  /** What went wrong, each once. */
  readonly errors: ReadonlySet<string>
  /** Resolves once `more` further requests have been answered. */
  answered(more: number): Promise<void>
  /** Ends the calls, each after its answer. */
  stop(): Promise<LoadCounts>
}

export interface LoadCounts {
  requests: number
  handshakes: number
  failedRequests: number
  failedHandshakes: number
  /**
   * Requests on a kept connection that the server had closed as idle before they reached it: RFC 9110
   * 9.2.2 and 9112 9.3.1 let a client repeat them on a new one, which every client does.
   */
  repeatedAfterIdleClose: number
  /**
   * Connections that were refused or reset before the server had sent a byte: it had not taken them
   * yet. Servers that open new listening sockets at a reload lose those that wait at the old ones.
   */
  refusedConnections: number
}

export interface LoadOptions {
  readonly port: number
  readonly serverName: string
  /** Roots to trust, PEM. */
  readonly ca: string
  readonly cert?: string
  readonly key?: string
  /** Callers that make a connection for every request. Default: 2. */
  readonly fresh?: number
  /** Callers that keep one connection. Default: `keptCallersDefault`. */
  readonly kept?: number
  /** Between the requests of one caller. Default: 2. */
  readonly pauseMs?: number
}

export const keptCallersDefault = 3

/** Calls `/` until it is stopped, with fresh and with kept connections. */
export function startLoad(options: LoadOptions): Load {
  const counts: LoadCounts = {
    requests: 0,
    handshakes: 0,
    failedRequests: 0,
    failedHandshakes: 0,
    repeatedAfterIdleClose: 0,
    refusedConnections: 0,
  }
  const serials = new Set<string>()
  const errors = new Set<string>()
  let stopped = false

  async function callAgain(agent: Agent): Promise<void> {
    while (!stopped) {
      await call(options, agent, { counts, serials, errors })
      await sleep(options.pauseMs ?? 2)
    }
    agent.destroy()
  }

  const callers = [
    ...Array.from(
      { length: options.fresh ?? 2 },
      () => new Agent({ keepAlive: false, maxCachedSessions: 0 }),
    ),
    ...Array.from(
      { length: options.kept ?? keptCallersDefault },
      () => new Agent({ keepAlive: true, maxSockets: 1, maxCachedSessions: 0 }),
    ),
  ].map(callAgain)

  return {
    counts,
    serials,
    errors,
    async answered(more) {
      for (const goal = counts.requests + more; counts.requests < goal; ) await sleep(5)
    },
    async stop() {
      stopped = true
      await Promise.all(callers)
      return counts
    },
  }
}

interface Sight {
  readonly counts: LoadCounts
  readonly serials: Set<string>
  readonly errors: Set<string>
}

async function call(options: LoadOptions, agent: Agent, sight: Sight): Promise<void> {
  const outcome = await callOnce(options, agent, sight)
  if (outcome === 'answered') return
  if (outcome === 'idle-close') {
    sight.counts.repeatedAfterIdleClose++
    return call(options, agent, sight)
  }
  if (outcome === 'refused') {
    sight.counts.refusedConnections++
    return
  }
  sight.errors.add(outcome.message)
  if (outcome.during === 'handshake') sight.counts.failedHandshakes++
  else sight.counts.failedRequests++
}

type Outcome =
  | 'answered'
  | 'idle-close'
  | 'refused'
  | { readonly during: 'handshake' | 'request'; readonly message: string }

async function callOnce(options: LoadOptions, agent: Agent, { counts, serials }: Sight): Promise<Outcome> {
  const { port, serverName, ca, cert, key } = options
  const outgoing = request({
    host: '127.0.0.1',
    port,
    servername: serverName,
    ca,
    cert,
    key,
    agent,
    headers: { host: serverName },
  })
  let secure = false
  let received = (): number => 0
  outgoing.once('socket', (socket) => {
    received = () => socket.bytesRead
    secure = outgoing.reusedSocket
    if (secure) return
    socket.once('secureConnect', () => {
      secure = true
      counts.handshakes++
      const serial = (socket as TLSSocket).getPeerX509Certificate()?.serialNumber
      if (serial !== undefined) serials.add(serial.toLowerCase())
    })
  })
  outgoing.end()
  let begun = false
  try {
    const [response] = await once(outgoing, 'response')
    begun = true
    for await (const _chunk of response) {
      // Only the end matters.
    }
    if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}`)
    counts.requests++
    return 'answered'
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    if (outgoing.reusedSocket && !begun) return 'idle-close'
    if (received() === 0) return 'refused'
    return { during: secure ? 'request' : 'handshake', message }
  }
}
