import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { listens, type StartedServer, startServer } from './started-server.ts'
import type { SystemUser } from './system-user.ts'

export interface Redis extends StartedServer {
  readonly port: number
  readonly socket: string
  readonly configuration: string
}

export interface RedisOptions {
  readonly folder: string
  /** Where `fullchain.pem`, `key.pem` and `bundle.pem` are read. */
  readonly liveFolder: string
  readonly port?: number
  readonly password?: string
  /** Whether callers must show a certificate of the bundle. Default: no. */
  readonly mutual?: boolean
  /** Default: the user of the test. */
  readonly as?: SystemUser
}

/** Debian's Redis in the foreground: TLS on a port, and a plain Unix socket. */
export async function startRedis({
  folder,
  liveFolder,
  port: given,
  password,
  mutual = false,
  as,
}: RedisOptions): Promise<Redis> {
  const port = given ?? (await freePort())
  const socket = join(folder, 'redis.sock')
  const configuration = join(folder, 'redis.conf')
  await writeFile(
    configuration,
    `
bind 127.0.0.1
port 0
tls-port ${port}
tls-cert-file ${liveFolder}/fullchain.pem
tls-key-file ${liveFolder}/key.pem
tls-ca-cert-file ${liveFolder}/bundle.pem
tls-auth-clients ${mutual ? 'yes' : 'no'}
unixsocket ${socket}
unixsocketperm 600
dir ${folder}
save ""
${password === undefined ? '' : `requirepass ${password}`}
`,
  )
  const server = await startServer({
    argv: ['redis-server', configuration],
    ready: () => listens(port),
    ...as,
  })
  return { ...server, port, socket, configuration }
}
