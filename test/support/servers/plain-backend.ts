import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What stands behind a TLS proxy: a plain HTTP server that answers `ok`. */
export interface PlainBackend {
  readonly port: number
  stop(): Promise<void>
}

export async function startPlainBackend(): Promise<PlainBackend> {
  const server = createServer((_request, response) => response.end('ok\n'))
  // Kept connections are the callers' to close.
  server.keepAliveTimeout = 0
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
