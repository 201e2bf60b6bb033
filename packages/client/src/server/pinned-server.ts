import type { RequestListener, ServerResponse } from 'node:http'
import { Server } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { SecureContextOptions, TLSSocket } from 'node:tls'
import type { ConnectionContext } from '../connections/connection-context.ts'
import { requireFullHandshake } from '../connections/no-resumption.ts'
import { knownOptions, type OptionNames } from '../known-options.ts'
import { refuseDistrusted } from '../peers/distrusted-chain.ts'
import { type ExpectedPeer, expectIdentity } from '../peers/expected-peer.ts'
import { judgePeer } from '../peers/judge-peer.ts'
import { peerCertificateOf, peerChainOf } from '../peers/peer-certificate.ts'
import { TrustError } from '../trust-error.ts'
import { httpOptions, type PinnedHttpOptions } from './http-options.ts'
import { OldConnections } from './old-connections.ts'
import { createRefusal, type Refusal } from './refusal.ts'

export interface PinnedServerOptions {
  /**
   * Who may call: identities, each to be found letter for letter in the SAN of the caller's
   * certificate (`web-1` is the DNS name, `spiffe://…` the URI), or `'anyone-in-bundle'`.
   * An empty list allows nobody.
   */
  readonly allow: readonly string[] | 'anyone-in-bundle'
  /** Limits and time-outs of Node's HTTP server. Options of TLS are refused: they could let others in. */
  readonly http?: PinnedHttpOptions
}

const optionNames: OptionNames<PinnedServerOptions> = { allow: true, http: true }

/**
 * An HTTPS server that only known peers reach. Without a certificate under the bundle the
 * handshake fails. A peer that isn't allowed, or whose certificate was made to live too long,
 * gets 403 to whatever it asks. Emits `refused` with the `TrustError`.
 */
export class PinnedServer extends Server {
  readonly #context: ConnectionContext
  readonly #expected: ExpectedPeer
  readonly #old = new OldConnections()
  readonly #refusal: Refusal = createRefusal()

  constructor(context: ConnectionContext, options: PinnedServerOptions, handler?: RequestListener) {
    const { allow, http = {} } = knownOptions('createServer', options, optionNames)
    const expected = expectedCallers(allow)
    const { contextOptions } = context.live.ready()
    super({ ...httpOptions(http), ...contextOptions, requestCert: true, rejectUnauthorized: true }, handler)
    this.#context = context
    this.#expected = expected
    const rotate = (): void => this.#rotate()
    context.live.on('rotation', rotate)
    this.once('close', () => {
      context.live.off('rotation', rotate)
      this.#refusal.close()
    })
    // Before Node's own listener, which starts the handshake with the context of that moment.
    this.prependListener('connection', (socket: Socket) => this.#prepare(socket))
  }

  /** Looks at each connection before HTTP does: every event of a request has passed here. */
  override emit(event: string | symbol, ...details: unknown[]): boolean {
    switch (event) {
      case 'secureConnection':
        if (!this.#admit(details[0] as TLSSocket)) return true
        break
      case 'request':
      case 'checkContinue':
      case 'checkExpectation': {
        const response = details[1] as ServerResponse
        this.#old.responding(response.req.socket, response)
        break
      }
      case 'upgrade':
      case 'connect':
        this.#old.takenOver(details[1] as Duplex)
        break
    }
    return super.emit(event, ...details)
  }

  /** Refused: a context of another's would trust others. */
  override setSecureContext(options: SecureContextOptions): void {
    // Node's own constructor sets the first one.
    if (#context in this)
      throw new TypeError('setSecureContext: this server follows the files of its identity; replace those.')
    super.setSecureContext(options)
  }

  /** Refused: whoever calls that name would be let in by another's trust. */
  override addContext(): never {
    throw new TypeError(
      'addContext: this server has the trust of one identity; open another identity for another server.',
    )
  }

  /** Refused: no session is resumed, or it could be past the end of its peer's certificate. */
  override setTicketKeys(): never {
    throw new TypeError('setTicketKeys: no session is resumed here, so that there are no tickets.')
  }

  #prepare(socket: Socket): void {
    try {
      this.#context.live.ready()
    } catch (error) {
      // Every handshake would fail at the caller, with an alert that says less.
      socket.destroy()
      this.emit('refused', error)
    }
  }

  #admit(socket: TLSSocket): boolean {
    try {
      const { notAfter } = this.#judge(socket)
      this.#context.ends.add(socket, { notAfter, side: 'server' })
      this.#old.add(socket)
      return true
    } catch (error) {
      if (error instanceof TrustError) this.#refuse(socket, error)
      else socket.destroy()
      return false
    }
  }

  #judge(socket: TLSSocket): { notAfter: number } {
    requireFullHandshake(socket)
    const certificate = peerCertificateOf(socket)
    if (!socket.authorized || certificate === undefined) {
      throw new TrustError('peer-missing', 'The caller showed no certificate that the bundle vouches for')
    }
    const refused = refuseDistrusted(peerChainOf(socket), this.#context.live.held)
    if (refused !== undefined) throw refused
    const { now, maxLifetimeSeconds } = this.#context.settings
    const verdict = judgePeer(certificate, { expected: this.#expected, now: now(), maxLifetimeSeconds })
    if (!verdict.ok) throw verdict.error
    return verdict.peer
  }

  #refuse(socket: TLSSocket, error: TrustError): void {
    this.#refusal.refuse(socket, error)
    this.emit('refused', error, socket)
  }

  #rotate(): void {
    super.setSecureContext(this.#context.live.held.contextOptions)
    this.#old.rotate()
  }
}

function expectedCallers(allow: PinnedServerOptions['allow']): ExpectedPeer {
  if (allow === 'anyone-in-bundle') return { match: 'anyone' }
  if (!Array.isArray(allow)) throw new TypeError("allow must be a list of identities or 'anyone-in-bundle'")
  return expectIdentity(allow)
}
