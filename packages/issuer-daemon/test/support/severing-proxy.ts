import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/**
 * Where a connection is cut: before the `COMMIT` gets through, or before its answer comes back. `held` cuts
 * nothing and keeps the `COMMIT` to itself, as a process does that was stopped before it sent it. `unanswered` lets
 * it through, and from then on nothing comes back on any connection until the silence is ended. `mute` keeps what is
 * asked first on a new connection, as a server does that still lets callers in and does nothing more.
 */
export type Severance = 'before-commit' | 'after-commit' | 'held' | 'unanswered' | 'mute'

/** Stands between a store and its database, and cuts the connection at the moment that matters. */
export interface SeveringProxy {
  readonly port: number
  /** Cuts at that many of the next commits, or first questions. */
  sever(where: Severance, times: number): void
  /** How often it did. */
  readonly severed: number
  endSilence(): void
  close(): Promise<void>
}

/** A simple query (PostgreSQL 55.7): type, length, text, NUL. */
const commitMessage = Buffer.from('Q\0\0\0\x0bCOMMIT\0', 'latin1')
/** What an issuer asks first on each connection. */
const firstQuestion = Buffer.from('pg_is_in_recovery', 'latin1')

export async function startSeveringProxy(databasePort: number): Promise<SeveringProxy> {
  let where: Severance = 'before-commit'
  let left = 0
  let severed = 0
  let isSilent = false
  const sockets = new Set<Socket>()

  const server: Server = createServer((client) => {
    const database = connect(databasePort, '127.0.0.1')
    for (const socket of [client, database]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => sockets.delete(socket))
    }
    client.on('data', (chunk: Buffer) => {
      const awaited = where === 'mute' ? firstQuestion : commitMessage
      if (left === 0 || !chunk.includes(awaited)) return void database.write(chunk)
      left -= 1
      severed += 1
      if (where === 'held' || where === 'mute') return
      if (where === 'unanswered') {
        isSilent = true
        database.write(chunk)
        return
      }
      if (where === 'after-commit') {
        // The database still reads it, and answers into nothing.
        database.end(chunk)
        client.destroy()
      } else {
        client.destroy()
        database.destroy()
      }
    })
    database.on('data', (chunk) => {
      if (!isSilent) client.write(chunk)
    })
    database.on('close', () => client.destroy())
    client.on('close', () => database.end())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    sever(at, times) {
      where = at
      left = times
    },
    get severed() {
      return severed
    },
    endSilence() {
      isSilent = false
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
