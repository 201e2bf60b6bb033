import { createServer, type Server } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { TrustError } from '../trust-error.ts'

/** Says 403 to connections whose peer is known but not allowed, so that its owner learns why. */
export interface Refusal {
  refuse(socket: TLSSocket, error: TrustError): void
  close(): void
}

/** A refused peer gets this long to ask, in milliseconds. */
const refusedRequestTimeoutMs = 10_000

export function createRefusal(): Refusal {
  const reasons = new WeakMap<object, TrustError>()
  const server: Server = createServer(
    { requestTimeout: refusedRequestTimeoutMs, headersTimeout: refusedRequestTimeoutMs },
    (request, response) => {
      const error = reasons.get(request.socket)
      response.writeHead(403, { 'content-type': 'application/problem+json', connection: 'close' })
      // The code only: who else would be allowed is not for the refused to know.
      response.end(
        JSON.stringify({ title: 'Forbidden', status: 403, code: error?.code ?? 'peer-not-allowed' }),
      )
    },
  )
  return {
    refuse(socket, error) {
      reasons.set(socket, error)
      // Node: "This event can also be explicitly emitted by users to inject connections".
      server.emit('connection', socket)
    },
    close: () => server.closeAllConnections(),
  }
}
