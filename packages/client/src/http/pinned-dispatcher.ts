import { Agent, type buildConnector, Dispatcher, Dispatcher1Wrapper } from 'undici'
import { connectPinned } from '../connections/connect.ts'
import type { ConnectionContext } from '../connections/connection-context.ts'
import { knownOptions, type OptionNames } from '../known-options.ts'
import { TrustError } from '../trust-error.ts'
import { resendOnce } from './resend-once.ts'

export interface PinnedDispatcherOptions {
  /** The peer's identity (`web-1`, `spiffe://…`), instead of the host in the URL. */
  readonly peer?: string
  /** Connections to one origin. Default: as many as there are requests. */
  readonly connections?: number
  readonly headersTimeout?: number
  readonly bodyTimeout?: number
  readonly keepAliveTimeout?: number
}

const optionNames: OptionNames<PinnedDispatcherOptions> = {
  peer: true,
  connections: true,
  headersTimeout: true,
  bodyTimeout: true,
  keepAliveTimeout: true,
}

/** Node's own fetch may speak to a dispatcher in an older dialect; undici translates. */
const translator = Dispatcher1Wrapper as unknown as {
  wrapHandler(handler: Dispatcher.DispatchHandler): Dispatcher.DispatchHandler
}

/**
 * A dispatcher for undici and for `fetch`. Each rotation gets an agent of its own; the one before
 * closes its idle connections and lets running requests finish.
 */
export class PinnedDispatcher extends Dispatcher {
  readonly #context: ConnectionContext
  readonly #options: PinnedDispatcherOptions
  readonly #closing = new Set<Promise<void>>()
  #agent: Agent

  constructor(context: ConnectionContext, options: PinnedDispatcherOptions = {}) {
    super()
    this.#context = context
    // Others of undici's, such as `factory`, would open connections past the rules.
    this.#options = knownOptions('dispatcher', options, optionNames)
    this.#agent = this.#createAgent()
    context.live.on('rotation', () => this.#replaceAgent())
  }

  override dispatch(options: Agent.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    // Before a request may take a kept connection: is that one still good by the wall clock?
    this.#context.ends.check()
    const told = translator.wrapHandler(handler)
    const again = (last: Dispatcher.DispatchHandler): void => void this.#agent.dispatch(options, last)
    return this.#agent.dispatch(options, resendOnce(options, told, again))
  }

  override close(): Promise<void>
  override close(callback: () => void): void
  override close(callback?: () => void): Promise<void> | void {
    const closed = Promise.all([this.#agent.close(), ...this.#closing]).then(() => {})
    if (callback === undefined) return closed
    closed.then(callback, callback)
  }

  override destroy(): Promise<void>
  override destroy(error: Error | null): Promise<void>
  override destroy(callback: () => void): void
  override destroy(error: Error | null, callback: () => void): void
  override destroy(first?: Error | null | (() => void), second?: () => void): Promise<void> | void {
    const callback = typeof first === 'function' ? first : second
    const destroyed = this.#agent.destroy(typeof first === 'function' ? null : (first ?? null))
    if (callback === undefined) return destroyed
    destroyed.then(callback, callback)
  }

  #replaceAgent(): void {
    const closing = this.#agent.close().finally(() => this.#closing.delete(closing))
    this.#closing.add(closing)
    this.#agent = this.#createAgent()
  }

  #createAgent(): Agent {
    const { peer: _peer, ...options } = this.#options
    return new Agent({
      ...options,
      allowH2: false,
      connect: (target, callback) => this.#connect(target, callback),
    })
  }

  #connect(target: buildConnector.Options, callback: buildConnector.Callback): void {
    // A redirect may lead anywhere, and plain HTTP trusts everyone.
    if (target.protocol !== 'https:') {
      const message = `${target.host ?? target.hostname}: only https is spoken here, not ${target.protocol}`
      callback(new TrustError('not-https', message), null)
      return
    }
    connectPinned(this.#context, {
      host: unbracketed(target.hostname),
      port: target.port === '' ? undefined : Number(target.port),
      // Not `target.servername`: undici takes it from the header Host, which may be passed on from a stranger.
      localAddress: target.localAddress ?? undefined,
      peer: this.#options.peer,
      ALPNProtocols: ['http/1.1'],
    }).then(
      ({ socket }) => callback(null, socket),
      (error: Error) => callback(error, null),
    )
  }
}

/** An IPv6 address as sockets take it; in a URL it stands in brackets. */
function unbracketed(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1')
}
