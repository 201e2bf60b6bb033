import { connect as connectPlain, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'

/** How much of each kind there is at once. */
export interface AttackScale {
  /** Connections that never speak, and those that stop within their handshake. */
  readonly silent: number
  readonly halfOpen: number
  /** TLS connections that never ask. */
  readonly idle: number
  /** Bodies that come drop by drop, and those without end. */
  readonly slowBodies: number
  readonly endlessBodies: number
  /** Bodies that say that they have a gigabyte, and send it. */
  readonly hugeBodies: number
  /** Callers that send badly signed requests as fast as they are refused. */
  readonly flooders: number
}

export interface Attack {
  readonly counts: { opened: number; closed: number }
  stop(): Promise<void>
}

/** New connections that one loop begins in a row, so that the attacker itself stays able to measure. */
const openedAtOnce = 20
const reopenMs = 25
const dropMs = 500
const addresses = 64

const head = (length: string): string =>
  `POST /v1/requests HTTP/1.1\r\nHost: ca\r\nContent-Type: application/jose+json\r\n${length}\r\n\r\n`
const badlySigned = JSON.stringify({
  protected: Buffer.from(
    JSON.stringify({
      typ: 'mayfly-request',
      alg: 'ES256',
      'x5t#S256': Buffer.alloc(32, 7).toString('base64url'),
      serial: '47'.repeat(16),
      url: 'https://localhost:8443/v1/requests',
      iat: 1,
      jti: 'x'.repeat(22),
    }),
  ).toString('base64url'),
  payload: 'e30',
  signature: Buffer.alloc(64, 1).toString('base64url'),
})

/** Attacks the port from many loopback addresses, none of them 127.0.0.1, until it is stopped. */
export function startAttack(port: number, ca: string, scale: AttackScale): Attack {
  const counts = { opened: 0, closed: 0 }
  const open = new Set<Socket>()
  let stopped = false
  let turn = 0

  const place = () => ({ port, host: '127.0.0.1', localAddress: `127.0.1.${(turn++ % addresses) + 1}` })
  const secure = (): Socket => connect({ ...place(), ca, servername: 'localhost', minVersion: 'TLSv1.3' })
  const keep = (socket: Socket): Promise<void> => {
    counts.opened += 1
    open.add(socket)
    socket.on('error', () => undefined)
    socket.resume()
    return new Promise((resolve) =>
      socket.once('close', () => {
        counts.closed += 1
        open.delete(socket)
        resolve()
      }),
    )
  }
  /** Keeps `count` of a kind: what the server ends is begun anew. */
  const hold = async (count: number, begin: () => Socket): Promise<void> => {
    let held = 0
    while (!stopped) {
      for (let begun = 0; begun < openedAtOnce && held < count; begun += 1) {
        held += 1
        void keep(begin()).then(() => {
          held -= 1
        })
      }
      await sleep(reopenMs)
    }
  }

  const loops = [
    hold(scale.silent, () => connectPlain(place())),
    hold(scale.halfOpen, () => withFirst(connectPlain(place()), Buffer.from('160301020001', 'hex'))),
    hold(scale.idle, secure),
    hold(scale.slowBodies, () => dripping(withFirst(secure(), head('Content-Length: 1000')))),
    hold(scale.endlessBodies, () => pouring(withFirst(secure(), head('Transfer-Encoding: chunked')))),
    hold(scale.hugeBodies, () => pouringPlain(withFirst(secure(), head('Content-Length: 1073741824')))),
    hold(scale.flooders, () =>
      withFirst(
        secure(),
        `${head(`Connection: close\r\nContent-Length: ${badlySigned.length}`)}${badlySigned}`,
      ),
    ),
  ]
  return {
    counts,
    async stop() {
      stopped = true
      await Promise.all(loops)
      for (const socket of open) socket.destroy()
    },
  }
}

function withFirst(socket: Socket, first: string | Uint8Array): Socket {
  socket.write(first)
  return socket
}

function dripping(socket: Socket): Socket {
  const drops = setInterval(() => socket.write(' '), dropMs)
  return socket.once('close', () => clearInterval(drops))
}

function pouring(socket: Socket): Socket {
  return pour(socket, `4000\r\n${'x'.repeat(0x4000)}\r\n`)
}

function pouringPlain(socket: Socket): Socket {
  return pour(socket, 'x'.repeat(0x4000))
}

function pour(socket: Socket, chunk: string): Socket {
  const pourOn = (): void => {
    if (!socket.destroyed) socket.write(chunk, () => setImmediate(pourOn))
  }
  pourOn()
  return socket
}
