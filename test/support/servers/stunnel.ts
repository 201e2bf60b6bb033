import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { listens, type StartedServer, startServer } from './started-server.ts'
import type { SystemUser } from './system-user.ts'

export interface Stunnel extends StartedServer {
  readonly port: number
  readonly pidFile: string
  readonly configuration: string
}

export interface StunnelOptions {
  readonly folder: string
  /** Where `fullchain.pem` and `key.pem` are read. */
  readonly liveFolder: string
  readonly backendPort: number
  readonly port?: number
  /** Default: the user of the test. */
  readonly as?: SystemUser
}

/** Debian's stunnel in the foreground, before a plain server. */
export async function startStunnel({
  folder,
  liveFolder,
  backendPort,
  port: given,
  as,
}: StunnelOptions): Promise<Stunnel> {
  const port = given ?? (await freePort())
  const pidFile = join(folder, 'stunnel.pid')
  const configuration = join(folder, 'stunnel.conf')
  await writeFile(
    configuration,
    `
foreground = yes
pid = ${pidFile}
[https]
accept = 127.0.0.1:${port}
connect = 127.0.0.1:${backendPort}
cert = ${liveFolder}/fullchain.pem
key = ${liveFolder}/key.pem
`,
  )
  const server = await startServer({
    argv: ['stunnel4', configuration],
    ready: () => listens(port),
    ...as,
  })
  return { ...server, port, pidFile, configuration }
}
