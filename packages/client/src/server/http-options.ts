import type { ServerOptions } from 'node:http'
import { knownOptions, type OptionNames } from '../known-options.ts'

/** Limits and time-outs of Node's HTTP server, and how it answers. No option of TLS is among them but a time limit. */
export interface PinnedHttpOptions
  extends Pick<
    ServerOptions,
    | 'connectionsCheckingInterval'
    | 'headersTimeout'
    | 'highWaterMark'
    | 'joinDuplicateHeaders'
    | 'keepAlive'
    | 'keepAliveInitialDelay'
    | 'keepAliveTimeout'
    | 'maxHeaderSize'
    | 'noDelay'
    | 'rejectNonStandardBodyWrites'
    | 'requestTimeout'
    | 'requireHostHeader'
    | 'uniqueHeaders'
  > {
  /** Milliseconds that a handshake may take. */
  readonly handshakeTimeout?: number
}

const names: OptionNames<PinnedHttpOptions> = {
  connectionsCheckingInterval: true,
  handshakeTimeout: true,
  headersTimeout: true,
  highWaterMark: true,
  joinDuplicateHeaders: true,
  keepAlive: true,
  keepAliveInitialDelay: true,
  keepAliveTimeout: true,
  maxHeaderSize: true,
  noDelay: true,
  rejectNonStandardBodyWrites: true,
  requestTimeout: true,
  requireHostHeader: true,
  uniqueHeaders: true,
}

/**
 * The options of HTTP alone. A context chosen by `SNICallback`, a `pfx` with roots of its own or a shared secret would let
 * in whom the bundle does not know, and so may an option that a later Node brings: what is not known is refused.
 */
export function httpOptions(options: PinnedHttpOptions): PinnedHttpOptions {
  const advice =
    'Leave it out: the bundle and the identity decide everything about TLS, and who may call is said by allow. ' +
    `http takes ${Object.keys(names).join(', ')}.`
  return knownOptions('http', options, names, advice)
}
