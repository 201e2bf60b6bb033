import { connect, type TLSSocket } from 'node:tls'

/** What the bench asks of this process. */
export interface LoadOrder {
  readonly port: number
  readonly bodies: readonly string[]
  /** Requests under way at once. */
  readonly atOnce: number
  /** A new connection for each request, or connections that are kept. */
  readonly connections: 'fresh' | 'kept'
}

export interface LoadResult {
  readonly answered: number
  /** The first answer that was not 200. */
  readonly refusal?: string
  readonly answerBytes: number
  readonly seconds: number
}

/**
 * Sends requests over TLS 1.3 as fast as they are answered, in a process of its own so that its work is not taken
 * for the server's. HTTP is written and read by hand: a client library would cost more than the server.
 */
process.on('message', async (order: LoadOrder) => process.send?.(await carryOut(order)))
process.once('disconnect', () => process.exit())

async function carryOut({ port, bodies, atOnce, connections }: LoadOrder): Promise<LoadResult> {
  const waiting = [...bodies]
  const answers: Answer[] = []
  const begun = performance.now()
  const callers = Array.from({ length: atOnce }, async () => {
    let socket: TLSSocket | undefined
    for (let body = waiting.pop(); body !== undefined; body = waiting.pop()) {
      socket ??= open(port)
      const isKept = connections === 'kept'
      const answer = await ask(socket, body, isKept)
      answers.push(answer)
      if (!isKept || answer.isLast) {
        socket.destroy()
        socket = undefined
      }
    }
    socket?.destroy()
  })
  await Promise.all(callers)
  const seconds = (performance.now() - begun) / 1_000
  const refused = answers.find(({ status }) => status !== 200)
  return {
    answered: answers.length,
    answerBytes: answers[0]?.body.length ?? 0,
    seconds,
    ...(refused && { refusal: `${refused.status} ${refused.body}` }),
  }
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
