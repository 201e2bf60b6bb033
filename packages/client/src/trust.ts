import { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Agent as HttpsAgent } from 'node:https'
import type { Socket } from 'node:net'
import type { PeerCertificate, SecureContextOptions, TLSSocket } from 'node:tls'
import type { Dispatcher } from 'undici'
import { type ConnectTarget, connectPinned, targetOptionNames, verdictOf } from './connections/connect.ts'
import { type ConnectionContext, createConnectionContext } from './connections/connection-context.ts'
import { PinnedDispatcher, type PinnedDispatcherOptions } from './http/pinned-dispatcher.ts'
import { agentOptionNames, type PinnedAgentOptions, PinnedHttpsAgent } from './http/pinned-https-agent.ts'
import { knownOptions } from './known-options.ts'
import type { Material } from './material/material.ts'
import type { MaterialPaths } from './material/material-files.ts'
import { type Instant, type TrustOptions, trustOptionNames } from './options.ts'
import { expectHost, expectIdentity } from './peers/expected-peer.ts'
import type { PeerIdentity } from './peers/peer-identity.ts'
import { verifiedPeer } from './peers/verified-peer.ts'
import type { TrustError } from './trust-error.ts'

export interface Rotation {
  /** This side's certificate, if it has one: lower-case hex. */
  readonly serial?: string
  readonly notAfter?: Instant
}

export interface TrustEvents {
  /** Other files are in use from now on. */
  rotation: [Rotation]
  /** What is on disk can't be used, so the old is kept. A process warning when nobody listens. */
  problem: [TrustError]
}

/** For undici, and for Node's `fetch`, whose own types of the same undici differ in name. */
export type FetchDispatcher = Dispatcher & NonNullable<RequestInit['dispatcher']>

/** Options for `tls.connect`, `tls.createServer` and libraries that take either. */
export interface PinnedTlsOptions extends SecureContextOptions {
  readonly requestCert: true
  readonly rejectUnauthorized: true
  readonly checkServerIdentity: (host: string, certificate: PeerCertificate) => Error | undefined
}

/** Connections that trust one bundle and nothing else. Made by `openTrust`. */
export class Trust extends EventEmitter<TrustEvents> {
  protected readonly context: ConnectionContext
  readonly #agents = new Map<string, PinnedHttpsAgent>()
  readonly #dispatchers = new Map<string, PinnedDispatcher>()

  constructor(paths: MaterialPaths, options: TrustOptions) {
    super()
    const opener = new.target === Trust ? 'openTrust' : 'openIdentity'
    this.context = createConnectionContext(paths, knownOptions(opener, options, trustOptionNames))
    const { live } = this.context
    live.on('rotation', (material) => this.emit('rotation', rotationOf(material)))
    live.on('problem', (error) => this.#tell(error))
  }

  /** An agent for `https.request`, the same one for the same options. */
  httpsAgent(options: PinnedAgentOptions = {}): HttpsAgent {
    const known = knownOptions('httpsAgent', options, agentOptionNames)
    return kept(this.#agents, known, () => new PinnedHttpsAgent(this.context, known))
  }

  /** A dispatcher for undici and for Node's `fetch`, the same one for the same options. */
  dispatcher(options: PinnedDispatcherOptions = {}): FetchDispatcher {
    const dispatcher = kept(this.#dispatchers, options, () => new PinnedDispatcher(this.context, options))
    return dispatcher as unknown as FetchDispatcher
  }

  /** Node's `fetch` over `dispatcher()`. Another dispatcher in `init` is not used. */
  readonly fetch: typeof globalThis.fetch = (input, init) =>
    globalThis.fetch(input, { ...init, dispatcher: this.dispatcher() })

  /** A raw TLS connection to a verified peer, for protocols other than HTTP. */
  async connect(target: ConnectTarget): Promise<TLSSocket> {
    const { socket } = await connectPinned(this.context, knownOptions('connect', target, targetOptionNames))
    return socket
  }

  /**
   * Trust and material of this moment for another library: ask again for each connection. It
   * can't end connections at the peer's expiry nor see who calls a server; `connect`,
   * `createServer` and `peerIdentity` do.
   */
  tlsOptions(options: { readonly peer?: string } = {}): PinnedTlsOptions {
    const { live, settings } = this.context
    const { peer } = knownOptions('tlsOptions', options, { peer: true })
    const { ca, ...own } = live.ready().contextOptions
    return {
      ...own,
      // A list of its own: a library that adds roots to it must not add them for everyone.
      ca: [ca ?? []].flat(),
      requestCert: true,
      rejectUnauthorized: true,
      checkServerIdentity: (host, certificate) => {
        const expected = peer === undefined ? expectHost(host) : expectIdentity([peer])
        return verdictOf(certificate, expected, settings, live.held)
      },
    }
  }

  /** Who is at the other end. Throws a `TrustError` when nobody is whom the bundle vouches for. */
  peerIdentity(connection: Socket | IncomingMessage): PeerIdentity {
    return verifiedPeer(connection, this.context.settings, this.context.live.held)
  }

  /**
   * Ends watching and the connections of `httpsAgent()`; running requests over `dispatcher()` finish.
   * Servers are closed by their owner, before.
   */
  async close(): Promise<void> {
    for (const agent of this.#agents.values()) agent.destroy()
    await Promise.all([...this.#dispatchers.values()].map((dispatcher) => dispatcher.close()))
    await this.context.live.close()
  }

  #tell(error: TrustError): void {
    if (!this.emit('problem', error)) process.emitWarning(error)
  }
}

/** Trust without a certificate of one's own: for callers of servers that ask for none. */
export async function openTrust(bundlePath: string, options: TrustOptions = {}): Promise<Trust> {
  return new Trust({ bundle: bundlePath }, options)
}

function kept<T>(made: Map<string, T>, options: object, make: () => T): T {
  const key = JSON.stringify(Object.entries(options).sort())
  const existing = made.get(key) ?? make()
  made.set(key, existing)
  return existing
}

function rotationOf({ own }: Material): Rotation {
  return own === undefined ? {} : { serial: own.serial, notAfter: own.notAfter }
}
