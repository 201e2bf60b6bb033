import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What stands behind a TLS proxy: a plain HTTP server that answers `ok`, and begins an answer to `/held` only. */
export interface PlainBackend {
  readonly port: number
  /** Ends every answer that was begun. */
  release(): void
  stop(): Promise<void>
}

/** How the two halves of an answer to `/held` read. */
export const heldAnswer = { beginning: 'begun ', end: 'and ended' } as const

export async function startPlainBackend(): Promise<PlainBackend> {
  const held = new Set<ServerResponse>()
  const server = createServer((request, response) => {
    if (request.url !== '/held') return void response.end('ok\n')
    response.write(heldAnswer.beginning)
    held.add(response)
  })
  // Kept connections are the callers' to close.
  server.keepAliveTimeout = 0
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    release() {
      for (const response of held) response.end(heldAnswer.end)
      held.clear()
    },
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
