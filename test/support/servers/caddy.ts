import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { listens, type StartedServer, startServer } from './started-server.ts'
import type { SystemUser } from './system-user.ts'

export interface Caddy extends StartedServer {
  readonly port: number
  readonly adminPort: number
  readonly configuration: string
}

export interface CaddyOptions {
  readonly folder: string
  /** Where `fullchain.pem` and `key.pem` are read. */
  readonly liveFolder: string
  readonly serverName: string
  readonly port?: number
  readonly adminPort?: number
  /** What answers `/held`. */
  readonly backendPort?: number
  /** Default: the user of the test. */
  readonly as?: SystemUser
}

/** Debian's Caddy in the foreground, with its administration port. `/` answers `ok`. */
export async function startCaddy({
  folder,
  liveFolder,
  serverName,
  port: given,
  adminPort: givenAdmin,
  backendPort,
  as,
}: CaddyOptions): Promise<Caddy> {
  const [port, adminPort] = [given ?? (await freePort()), givenAdmin ?? (await freePort())]
  const configuration = join(folder, 'Caddyfile')
  await writeFile(
    configuration,
    `
{
  admin 127.0.0.1:${adminPort}
  auto_https off
  storage file_system ${folder}/storage
}
https://${serverName}:${port} {
  bind 127.0.0.1
  tls ${liveFolder}/fullchain.pem ${liveFolder}/key.pem
${backendPort === undefined ? '' : `  handle /held {\n    reverse_proxy 127.0.0.1:${backendPort}\n  }`}
  handle {
    respond "ok"
  }
}
`,
  )
  const server = await startServer({
    argv: ['caddy', 'run', '--config', configuration, '--adapter', 'caddyfile'],
    ready: async () => (await listens(port)) && listens(adminPort),
    env: { HOME: folder },
    ...as,
  })
  return { ...server, port, adminPort, configuration }
}
