import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { systemClock, systemRandom } from '@mayfly/platform'
import { createCore } from '../../../packages/issuer-daemon/src/api/core/request-path.ts'
import { createJsonServer } from '../../../packages/issuer-daemon/src/api/front/json-server.ts'
import { listenAt } from '../../../packages/issuer-daemon/src/api/front/listening.ts'
import { headerBytesMax } from '../../../packages/issuer-daemon/src/api/limits/server-limits.ts'
import { faceOf } from '../../../packages/issuer-daemon/src/api/route.ts'
import { certificateRoute } from '../../../packages/issuer-daemon/src/api/routes/certificate-route.ts'
import { enrollmentRoute } from '../../../packages/issuer-daemon/src/api/routes/enrollment-route.ts'
import { FuzzFinding, type FuzzTarget } from '../fuzz-target.ts'
import { mutateBytes } from '../mutate-bytes.ts'

const routes = [
  enrollmentRoute({ enroll: async () => ({}) as never }),
  certificateRoute({ certificate: async () => undefined }),
]

/**
 * Bytes on a connection to the request path: every one that is answered is answered with a documented status,
 * and nothing of the inside is told. TLS is left out; OpenSSL is somebody else's to fuzz.
 */
export async function openHttpTarget(): Promise<FuzzTarget> {
  const attempt = { learn: () => undefined, close: async () => undefined, isConcluded: false }
  const core = createCore(routes, {
    limits: () => undefined,
    authenticate: async () => ({ kind: 'token', claims: { jti: 'x', identity: 'web-1' } }) as never,
    openAudit: (opening) => ({ ...opening, ...attempt }) as never,
    answered: () => undefined,
  })
  const { app, server, inProgress } = await createJsonServer(
    routes.map(faceOf),
    {
      clock: systemClock,
      random: systemRandom,
      limits: () => undefined,
      inFlightMax: 10,
      stopping: () => false,
      core,
    },
    (listener) => createServer({ maxHeaderSize: headerBytesMax, requireHostHeader: true }, listener),
  )
  const listening = await listenAt(server, { host: '127.0.0.1', port: 0 })
  return {
    name: 'http',
    corpus: 'http',
    mutate: mutateBytes,
    async read(input) {
      const answers = await send(listening.port, input)
      if (/^HTTP\/1\.1 5/m.test(answers)) throw new FuzzFinding(`a request was answered with ${answers}`)
      if (/node_modules|\.ts:|at file:/.test(answers))
        throw new FuzzFinding(`the inside was told: ${answers}`)
      if (answers !== '' && !answers.startsWith('HTTP/1.1 ')) throw new FuzzFinding(`no HTTP: ${answers}`)
    },
    async close() {
      await listening.close({ clock: systemClock, inProgress, timeoutMs: 1_000 })
      await app.close()
    },
  }
}

async function send(port: number, input: Uint8Array): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  const chunks: Uint8Array[] = []
  socket.on('data', (chunk: Uint8Array) => chunks.push(chunk))
  // How the end comes is the server's to choose.
  socket.on('error', () => undefined)
  const closed = once(socket, 'close')
  // The half-closed connection tells the server that no more comes.
  socket.end(input)
  await closed
  return Buffer.concat(chunks).toString('latin1')
}
