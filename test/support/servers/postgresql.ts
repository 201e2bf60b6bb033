import { execFile } from 'node:child_process'
import { appendFile, chown, mkdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { installedFile } from '../../../scripts/bootstrap/installed-file.mjs'
import packages from '../../../scripts/debian-packages.json' with { type: 'json' }
import { freePort } from './free-port.ts'
import { listens, type StartedServer, startServer } from './started-server.ts'

const run = promisify(execFile)

export interface Postgresql extends StartedServer {
  readonly port: number
  readonly pidFile: string
  readonly user: string
}

/** PostgreSQL does not run as root. */
export interface ServerUser {
  readonly uid: number
  readonly gid: number
}

const { file } = packages.postgresql
/** Where Debian keeps the programs of the newest version. */
export const postgresqlPrograms: string = dirname(installedFile(file) ?? file)
const user = 'postgres'

/** The user that Debian's package makes, or the test's own if that is not root. */
export async function postgresqlUser(): Promise<ServerUser> {
  if (process.getuid?.() !== 0) return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
  const { uid, gid } = await stat('/var/lib/postgresql')
  return { uid, gid }
}

/** Makes a cluster whose TLS reads from the live folder. Gives back its data folder. */
export function createCluster(folder: string, liveFolder: string, as: ServerUser): Promise<string> {
  return createBareCluster(
    folder,
    as,
    `
ssl = on
ssl_cert_file = '${liveFolder}/fullchain.pem'
ssl_key_file = '${liveFolder}/key.pem'
`,
  )
}

/** Makes a cluster with these settings beside the least. Gives back its data folder. */
export async function createBareCluster(
  folder: string,
  as: ServerUser,
  settings: string = '',
): Promise<string> {
  const data = join(folder, 'data')
  await mkdir(data, { mode: 0o700 })
  await chown(data, as.uid, as.gid)
  await run(
    join(postgresqlPrograms, 'initdb'),
    ['-D', data, '-U', user, '-A', 'trust', '--no-sync', '-E', 'UTF8', '--locale=C.UTF-8'],
    {
      ...as,
      cwd: data,
    },
  )
  await appendFile(
    join(data, 'postgresql.conf'),
    `
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
${settings}`,
  )
  return data
}

/** Debian's PostgreSQL in the foreground, on a cluster of `createCluster`. */
export async function startPostgresql(data: string, as: ServerUser, port?: number): Promise<Postgresql> {
  const chosen = port ?? (await freePort())
  const server = await startServer({
    argv: [join(postgresqlPrograms, 'postgres'), '-D', data, '-p', String(chosen)],
    ready: () => listens(chosen),
    // Fast shutdown: does not wait for sessions.
    stopSignal: 'SIGINT',
    ...as,
  })
  return { ...server, port: chosen, pidFile: join(data, 'postmaster.pid'), user }
}
