import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { listens, type StartedServer, startServer } from './started-server.ts'

export interface Haproxy extends StartedServer {
  readonly port: number
  readonly socket: string
  readonly configuration: string
}

export interface HaproxyOptions {
  readonly folder: string
  /** Where `combined.pem` is read. */
  readonly liveFolder: string
  readonly port?: number
  /** What answers `/held`. */
  readonly backendPort?: number
  /** Of the runtime socket. Default: `admin`. */
  readonly level?: 'admin' | 'operator'
}

/** Debian's HAProxy in the foreground, with an admin socket. It answers `ok` itself. */
export async function startHaproxy({
  folder,
  liveFolder,
  port: given,
  level = 'admin',
  backendPort,
}: HaproxyOptions): Promise<Haproxy> {
  const port = given ?? (await freePort())
  const socket = join(folder, 'admin.sock')
  const configuration = join(folder, 'haproxy.cfg')
  await writeFile(
    configuration,
    `
global
  stats socket ${socket} mode 600 level ${level}
  nbthread 2
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
  timeout http-keep-alive 30s
frontend tls
  bind 127.0.0.1:${port} ssl crt ${liveFolder}/combined.pem
${backendPort === undefined ? '' : '  use_backend held if { path /held }'}
  http-request return status 200 content-type text/plain string "ok" if !{ path /held }
${backendPort === undefined ? '' : `backend held\n  server held 127.0.0.1:${backendPort}`}
`,
  )
  const server = await startServer({
    argv: ['haproxy', '-db', '-f', configuration],
    // Its socket gets its name after the port is open.
    ready: async () => (await listens(port)) && (await listens(socket)),
    // SIGUSR1 waits for connections to end; SIGTERM does not.
    stopSignal: 'SIGTERM',
  })
  return { ...server, port, socket, configuration }
}
