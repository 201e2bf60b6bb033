import type { ClientRequest, RequestOptions } from 'node:http'
import { Agent } from 'node:https'
import { isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import { type ConnectTarget, connectPinned } from '../connections/connect.ts'
import type { ConnectionContext } from '../connections/connection-context.ts'
import type { OptionNames } from '../known-options.ts'
import type { Material } from '../material/material.ts'

export interface PinnedAgentOptions {
  /** The peer's identity (`web-1`, `spiffe://…`), instead of the host in the URL. */
  readonly peer?: string
  /** Default: true. */
  readonly keepAlive?: boolean
  readonly maxSockets?: number
  readonly maxFreeSockets?: number
  /** Milliseconds without activity on a socket. */
  readonly timeout?: number
}

export const agentOptionNames: OptionNames<PinnedAgentOptions> = {
  peer: true,
  keepAlive: true,
  maxSockets: true,
  maxFreeSockets: true,
  timeout: true,
}

/** Not documented, but what every agent that looks at its sockets overrides. */
interface RequestQueue {
  addRequest(request: ClientRequest, options: RequestOptions): void
}

const agentQueue = Agent.prototype as unknown as RequestQueue

/**
 * An agent for `https.request`. TLS options of a request or of the agent have no say: neither
 * `ca` nor `rejectUnauthorized` nor `checkServerIdentity` reaches the connection.
 */
export class PinnedHttpsAgent extends Agent {
  /** Called once nobody uses the agent any more. */
  onDestroy: () => void = () => {}
  readonly #context: ConnectionContext
  readonly #peer: string | undefined
  readonly #materialOf = new WeakMap<Duplex, Material>()

  constructor(context: ConnectionContext, options: PinnedAgentOptions = {}) {
    const { peer, keepAlive = true, maxSockets, maxFreeSockets, timeout } = options
    super({
      keepAlive,
      ...(maxSockets === undefined ? {} : { maxSockets }),
      ...(maxFreeSockets === undefined ? {} : { maxFreeSockets }),
      ...(timeout === undefined ? {} : { timeout }),
    })
    this.#context = context
    this.#peer = peer
    context.live.on('rotation', () => this.#closeIdle())
    // Before Node's own listener, which would hand the connection to the next request in the queue.
    this.prependListener('free', (socket: Duplex) => this.#closeIfOld(socket))
  }

  /** Before a request may take a kept connection: is that one still good by the wall clock? */
  addRequest(request: ClientRequest, options: RequestOptions & { servername?: string }): void {
    this.#context.ends.check()
    const { servername = serverNameOf(options.host) } = options
    agentQueue.addRequest.call(this, request, { ...options, servername } as RequestOptions)
  }

  /** Replaces Node's, which would resume sessions and so skip the check of the certificate. */
  override createConnection(
    options: RequestOptions,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    const target = { ...targetOf(options), peer: this.#peer }
    connectPinned(this.#context, target).then(
      ({ socket, material }) => {
        this.#materialOf.set(socket, material)
        callback?.(null, socket)
      },
      // Node's own callers leave the stream out too when there is an error.
      (error: Error) => (callback as ((error: Error) => void) | undefined)?.(error),
    )
    return undefined
  }

  override destroy(): void {
    super.destroy()
    this.onDestroy()
  }

  #closeIdle(): void {
    for (const sockets of Object.values(this.freeSockets)) {
      for (const socket of sockets ?? []) this.#closeIfOld(socket)
    }
  }

  #closeIfOld(socket: Duplex): void {
    if (this.#materialOf.get(socket) !== this.#context.live.held) socket.destroy()
  }
}

/** Node would take it from the header Host, which may be passed on from a stranger. RFC 6066 3: an address is none. */
function serverNameOf(host: string | null | undefined): string {
  return host == null || isIP(host) !== 0 ? '' : host
}

function targetOf(options: RequestOptions & { servername?: string; noDelay?: boolean }): ConnectTarget {
  return {
    host: options.host ?? undefined,
    port: options.port == null ? undefined : Number(options.port),
    path: options.socketPath,
    servername: options.servername,
    localAddress: options.localAddress,
    family: options.family,
    lookup: options.lookup,
    noDelay: options.noDelay,
    ALPNProtocols: ['http/1.1'],
  }
}
