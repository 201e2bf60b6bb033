import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'

/** What the bench asks of this process. */
export interface LoadOrder {
  readonly port: number
  readonly bodies: readonly string[]
  /** Requests that are sent; where they are more than the bodies, those come again. */
  readonly requests: number
  /** Requests under way at once. */
  readonly atOnce: number
  /** A new connection for each request, or connections that are kept and were opened before the time runs. */
  readonly connections: 'fresh' | 'kept'
}

export interface LoadResult {
  readonly answered: number
  /** The first answer that was not 200. */
  readonly refusal?: string
  readonly answerBytes: number
  readonly seconds: number
  /** Processor time of the load itself in these seconds. */
  readonly cpuMs: number
}

/**
 * Sends requests over TLS 1.3 as fast as they are answered, in a process of its own so that its work is not taken
 * for the server's. HTTP is written and read by hand: a client library would cost more than the server.
 *
 * An order is answered with `ready` once its connections are open; what comes next begins it, and it is answered
 * with a `LoadResult`.
 */
process.on('message', prepareOrder)
process.once('disconnect', () => process.exit())

async function prepareOrder(order: LoadOrder): Promise<void> {
  process.off('message', prepareOrder)
  const isKept = order.connections === 'kept'
  const places = Array.from({ length: order.atOnce }, () => (isKept ? opened(order.port) : undefined))
  const sockets = await Promise.all(places)
  process.once('message', async () => {
    process.on('message', prepareOrder)
    process.send?.(await carryOut(order, sockets))
  })
  process.send?.('ready')
}

async function carryOut(
  { port, bodies, requests, connections }: LoadOrder,
  sockets: readonly (TLSSocket | undefined)[],
): Promise<LoadResult> {
  const isKept = connections === 'kept'
  let sent = 0
  let first: Answer | undefined
  let refused: Answer | undefined
  const begun = performance.now()
  const begunCpu = process.cpuUsage()
  const callers = sockets.map(async (opened) => {
    let socket = opened
    while (sent < requests) {
      const body = bodies[sent % bodies.length] ?? ''
      sent += 1
      socket ??= open(port)
      const answer = await ask(socket, body, isKept)
      first ??= answer
      if (answer.status !== 200) refused ??= answer
      if (!isKept || answer.isLast) {
        socket.destroy()
        socket = undefined
      }
    }
    return socket
  })
  const kept = await Promise.all(callers)
  const seconds = (performance.now() - begun) / 1_000
  const { user, system } = process.cpuUsage(begunCpu)
  for (const socket of kept) socket?.destroy()
  return {
    answered: sent,
    answerBytes: first?.body.length ?? 0,
    seconds,
    cpuMs: (user + system) / 1_000,
    ...(refused && { refusal: `${refused.status} ${refused.body}` }),
  }
}

/** A connection whose handshake is over. */
async function opened(port: number): Promise<TLSSocket> {
  const socket = open(port)
  await once(socket, 'secureConnect')
  return socket
}

function open(port: number): TLSSocket {
  // Whom it talks to is not what is measured; without a session each handshake is a whole one.
  return connect({
    host: '127.0.0.1',
    port,
    servername: 'localhost',
    rejectUnauthorized: false,
    minVersion: 'TLSv1.3',
  })
}

interface Answer {
  readonly status: number
  readonly body: string
  /** The server closes the connection. */
  readonly isLast: boolean
}

function ask(socket: TLSSocket, body: string, isKept: boolean): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let received = ''
    const finish = (answer: Answer): void => {
      socket.removeAllListeners('data').removeAllListeners('error').removeAllListeners('close')
      resolve(answer)
    }
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1')
      const answer = readAnswer(received)
      if (answer !== undefined) finish(answer)
    })
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`closed after ${JSON.stringify(received)}`)))
    socket.write(
      `POST /v1/requests HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/jose+json\r\n` +
        `Content-Length: ${body.length}\r\nConnection: ${isKept ? 'keep-alive' : 'close'}\r\n\r\n${body}`,
    )
  })
}

/** The answer, once all of it has come. */
function readAnswer(received: string): Answer | undefined {
  const headEnd = received.indexOf('\r\n\r\n')
  if (headEnd === -1) return undefined
  const head = received.slice(0, headEnd).toLowerCase()
  const length = Number(/\r\ncontent-length: (\d+)/.exec(head)?.[1])
  const body = received.slice(headEnd + 4)
  if (body.length < length) return undefined
  return { status: Number(head.slice(9, 12)), body, isLast: head.includes('\r\nconnection: close') }
}
