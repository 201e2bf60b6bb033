import { createServer } from 'node:http'
import type { Duplex } from 'node:stream'
import type { TrustError } from '../trust-error.ts'

/** Says 403 to connections whose peer is known but not allowed, so that its owner learns why. */
export interface Refusal {
  refuse(socket: Duplex, error: TrustError): void
  close(): void
}

/** A refused peer gets this long to ask and to read the answer. */
const refusedConnectionMs = 10_000

export function createRefusal(connectionMs: number = refusedConnectionMs): Refusal {
  const reasons = new WeakMap<object, TrustError>()
  const server = createServer((request, response) => {
    const error = reasons.get(request.socket)
    response.writeHead(403, { 'content-type': 'application/problem+json', connection: 'close' })
    // The code only: who else would be allowed is not for the refused to know.
    response.end(JSON.stringify({ title: 'Forbidden', status: 403, code: error?.code ?? 'peer-not-allowed' }))
  })
  return {
    refuse(socket, error) {
      reasons.set(socket, error)
      // The time-outs of a server that doesn't listen are not enforced.
      const timer = setTimeout(() => socket.destroy(), connectionMs).unref()
      socket.once('close', () => clearTimeout(timer))
      // Node: "This event can also be explicitly emitted by users to inject connections".
      server.emit('connection', socket)
    },
    close: () => server.closeAllConnections(),
  }
}
