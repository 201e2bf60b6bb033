import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo, ListenOptions, Socket } from 'node:net'
import { type Clock, MayflyError } from '@mayfly/ca-core'

/** Connections that the kernel completes before they are accepted; more are left to the caller's retry. */
const listenBacklog = 1_024

/** How often a stopping server looks whether its last request was answered. */
const drainCheckMs = 20

/** A server that takes connections. */
export interface Listening {
  /** The path of a Unix socket has port 0. */
  readonly port: number
  /** Takes no new connection, waits for the requests in progress, then ends what is left of the connections. */
  close(draining: Draining): Promise<void>
}

/** A server that is at work. */
export interface RunningServer {
  /** Answers what was accepted, and takes nothing new. */
  close(): Promise<void>
}

export interface Draining {
  readonly clock: Clock
  /** Requests that were accepted and not yet answered. */
  inProgress(): number
  /** How long those are waited for. */
  readonly timeoutMs: number
}

/** Starts to listen. Throws `already-running` or `permission-denied` where the place is not to be had. */
export async function listenAt(server: Server, place: ListenOptions): Promise<Listening> {
  const connections = trackConnections(server)
  const started = once(server, 'listening')
  server.listen({ backlog: listenBacklog, ...place })
  try {
    await started
  } catch (error) {
    throw listenFailed(error as NodeJS.ErrnoException, place)
  }
  return {
    port: (server.address() as AddressInfo).port ?? 0,
    close: (draining) => closeGracefully(server, connections, draining),
  }
}

async function closeGracefully(server: Server, connections: Set<Socket>, draining: Draining): Promise<void> {
  const { clock, inProgress, timeoutMs } = draining
  const closed = once(server, 'close')
  server.close()
  const deadline = clock.monotonic() + timeoutMs
  while (inProgress() > 0 && clock.monotonic() < deadline) await clock.sleep(drainCheckMs)
  for (const connection of connections) connection.destroy()
  await closed
}

/**
 * Node's own list leaves out connections whose handshake is not complete, and counts those that never
 * asked anything as busy; a stop would wait for both.
 */
function trackConnections(server: Server): Set<Socket> {
  const connections = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    connections.add(socket)
    socket.once('close', () => connections.delete(socket))
  })
  return connections
}

function listenFailed(error: NodeJS.ErrnoException, place: ListenOptions): MayflyError {
  const where = place.path ?? `${place.host}:${place.port}`
  if (error.code === 'EADDRINUSE') {
    return new MayflyError('already-running', `${where} is in use by another program.`, { cause: error })
  }
  return new MayflyError('permission-denied', `Cannot listen at ${where}: ${error.code}.`, { cause: error })
}
