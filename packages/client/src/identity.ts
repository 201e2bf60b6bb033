import type { RequestListener } from 'node:http'
import type { Server } from 'node:https'
import { join } from 'node:path'
import type { TrustOptions } from './options.ts'
import { PinnedServer, type PinnedServerOptions } from './server/pinned-server.ts'
import { type Rotation, Trust } from './trust.ts'

/** A host's own certificate and the trust that came with it. Made by `openIdentity`. */
export class Identity extends Trust {
  /** This side's certificate that is in use now. */
  get certificate(): Required<Rotation> {
    const { own } = this.context.live.held
    if (own === undefined) throw new TypeError('An identity has a certificate')
    return { serial: own.serial, notAfter: own.notAfter }
  }

  /** An HTTPS server that only the callers in `allow` reach, and that rotates by itself. */
  createServer(options: PinnedServerOptions, handler?: RequestListener): Server {
    return new PinnedServer(this.context, options, handler)
  }
}

/**
 * Opens a live directory of the agent: `fullchain.pem`, `key.pem` and `bundle.pem`.
 * Throws a `TrustError` that names the file when one is missing or broken.
 */
export async function openIdentity(directory: string, options: TrustOptions = {}): Promise<Identity> {
  const own = { cert: join(directory, 'fullchain.pem'), key: join(directory, 'key.pem') }
  return new Identity({ bundle: join(directory, 'bundle.pem'), own }, options)
}
