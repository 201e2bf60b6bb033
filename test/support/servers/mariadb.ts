import { execFile } from 'node:child_process'
import { chown, mkdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from './free-port.ts'
import { type StartedServer, startServer } from './started-server.ts'
import { type SystemUser, systemUser } from './system-user.ts'

const run = promisify(execFile)

export interface Mariadb extends StartedServer {
  readonly port: number
  readonly socket: string
  readonly configuration: string
}

/**
 * MariaDB does not run as root, and the package of the bare server makes no user: one that every machine
 * has, or the test's own if that is not root.
 */
export async function mariadbUser(): Promise<SystemUser> {
  if (process.getuid?.() !== 0) return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
  return systemUser('nobody')
}

/** Makes an empty database that anybody on this machine may use as `app`. Gives back its data folder. */
export async function createDatabase(folder: string, as: SystemUser): Promise<string> {
  const data = join(folder, 'data')
  await mkdir(data, { mode: 0o755 })
  await chown(data, as.uid, as.gid)
  const options = [
    '--no-defaults',
    `--datadir=${data}`,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
  ]
  await run('mariadb-install-db', [...options, '--skip-name-resolve'], { ...as, cwd: data })
  return data
}

export interface MariadbOptions {
  readonly data: string
  readonly liveFolder: string
  readonly as: SystemUser
  readonly port?: number
}

/** Debian's MariaDB in the foreground: TLS on a port, and a Unix socket. */
export async function startMariadb({ data, liveFolder, as, port: given }: MariadbOptions): Promise<Mariadb> {
  const port = given ?? (await freePort())
  const socket = join(data, 'mariadb.sock')
  const configuration = join(data, 'mariadb.cnf')
  await writeFile(
    configuration,
    `[mariadbd]\nssl_cert = ${liveFolder}/fullchain.pem\nssl_key = ${liveFolder}/key.pem\n`,
  )
  const server = await startServer({
    argv: [
      'mariadbd',
      `--defaults-file=${configuration}`,
      `--datadir=${data}`,
      `--socket=${socket}`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      `--pid-file=${join(data, 'mariadb.pid')}`,
      '--innodb-flush-log-at-trx-commit=0',
      '--innodb-buffer-pool-size=16M',
    ],
    ready: () =>
      stat(socket).then(
        () => answers(socket),
        () => false,
      ),
    ...as,
  })
  return { ...server, port, socket, configuration }
}

async function answers(socket: string): Promise<boolean> {
  const client = ['--no-defaults', '--protocol=socket', `--socket=${socket}`, '--skip-ssl-verify-server-cert']
  const options = [...client, '--user=root', '--batch', '--execute=SELECT 1']
  return run('mariadb', options).then(
    () => true,
    () => false,
  )
}
