import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/**
 * HTTP/1.1 can't say "no more requests" on an idle connection, and a request may be on its way
 * while it closes. So an idle connection gets this long; a request that arrives is answered, with
 * `Connection: close`.
 */
const idleGraceMs = 1_000

interface Connection {
  isOld: boolean
  /** Responses on their way. A connection taken over by another protocol counts as one for ever. */
  running: number
}

/** After a rotation: closes the server's idle connections, and each other one after its response. */
export class OldConnections {
  readonly #connections = new Map<Duplex, Connection>()
  readonly #responses = new Set<ServerResponse>()

  add(socket: Duplex): void {
    this.#connections.set(socket, { isOld: false, running: 0 })
    socket.once('close', () => this.#connections.delete(socket))
  }

  /** A request was read and `response` will answer it. */
  responding(socket: Duplex, response: ServerResponse): void {
    const connection = this.#connections.get(socket)
    if (connection === undefined) return
    connection.running += 1
    this.#responses.add(response)
    if (connection.isOld) announceClose(response)
    response.once('close', () => {
      connection.running -= 1
      this.#responses.delete(response)
      if (connection.isOld) this.#closeWhenIdle(socket, connection)
    })
  }

  /** Another protocol speaks on this connection from now on; it ends with its peer's certificate. */
  takenOver(socket: Duplex): void {
    const connection = this.#connections.get(socket)
    if (connection !== undefined) connection.running += 1
  }

  /** Every connection that there is now is old. */
  rotate(): void {
    for (const response of this.#responses) announceClose(response)
    for (const [socket, connection] of this.#connections) {
      connection.isOld = true
      this.#closeWhenIdle(socket, connection)
    }
  }

  #closeWhenIdle(socket: Duplex, connection: Connection): void {
    setTimeout(() => {
      if (connection.running === 0) socket.destroy()
    }, idleGraceMs).unref()
  }
}

function announceClose(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('connection', 'close')
}
