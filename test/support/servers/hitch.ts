import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { listens, type StartedServer, startServer } from './started-server.ts'

export interface Hitch extends StartedServer {
  readonly port: number
  readonly pidFile: string
  readonly configuration: string
}

export interface HitchOptions {
  readonly folder: string
  /** Where `combined.pem` is read. */
  readonly liveFolder: string
  readonly backendPort: number
  readonly port?: number
}

/** Debian's Hitch in the foreground, before a plain server. */
export async function startHitch({
  folder,
  liveFolder,
  backendPort,
  port: given,
}: HitchOptions): Promise<Hitch> {
  const port = given ?? (await freePort())
  const pidFile = join(folder, 'hitch.pid')
  const configuration = join(folder, 'hitch.conf')
  await writeFile(
    configuration,
    `
frontend = "[127.0.0.1]:${port}"
backend = "[127.0.0.1]:${backendPort}"
pem-file = "${liveFolder}/combined.pem"
workers = 2
daemon = off
user = "nobody"
group = "nogroup"
ocsp-dir = ""
`,
  )
  const server = await startServer({
    argv: ['hitch', `--config=${configuration}`, `--pidfile=${pidFile}`],
    ready: () => listens(port),
  })
  return { ...server, port, pidFile, configuration }
}
