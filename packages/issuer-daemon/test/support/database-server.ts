import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import {
  createBareCluster,
  type Postgresql,
  postgresqlUser,
  type ServerUser,
  startPostgresql,
} from '../../../../test/support/servers/postgresql.ts'
import { listens, until } from '../../../../test/support/servers/started-server.ts'

/** A real PostgreSQL with a cluster of its own, whose databases a test makes and looks into. */
export interface DatabaseServer {
  readonly folder: string
  readonly port: number
  /** Where a superuser asks what is of no database. */
  readonly rootUrl: string
  /** Makes an empty database, in the tablespace that is named; gives back its URL. */
  createDatabase(tablespace?: string): Promise<string>
  /** Asks as the superuser, beside whatever the store does. */
  ask(url: string, statement: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>
  /** Ends every process of it as a crash does, sessions and all. */
  crash(): Promise<void>
  start(): Promise<void>
  /** Stops every process of it where it stands: connections stay, new ones come about, and nothing is answered. */
  pause(): Promise<void>
  resume(): Promise<void>
  remove(): Promise<void>
}

/** `prepare` may put files into the cluster's folder before the start. */
export async function startDatabaseServer(
  settings: string = '',
  prepare: (clusterFolder: string) => Promise<void> = async () => undefined,
): Promise<DatabaseServer> {
  const folder = await mkdtemp(join(tmpdir(), 'mayfly-database-'))
  // PostgreSQL's user reaches its own folder through this one.
  await chmod(folder, 0o711)
  const user: ServerUser = await postgresqlUser()
  const clusterFolder = await createBareCluster(folder, user, settings)
  await prepare(clusterFolder)
  let server: Postgresql = await startPostgresql(clusterFolder, user)
  const { port } = server
  const urlOf = (database: string): string => `postgres://postgres@127.0.0.1:${port}/${database}`
  await answers()
  let databases = 0

  /** After a crash it listens before it takes anyone in. */
  async function answers(): Promise<void> {
    await until(
      () =>
        ask(urlOf('postgres'), 'SELECT').then(
          () => true,
          () => false,
        ),
      'an answer of PostgreSQL',
    )
  }

  return {
    folder,
    port,
    rootUrl: urlOf('postgres'),
    async createDatabase(tablespace = 'pg_default') {
      databases += 1
      const name = `store_${databases}`
      await ask(urlOf('postgres'), `CREATE DATABASE ${name} TABLESPACE ${tablespace}`)
      return urlOf(name)
    },
    ask,
    async crash() {
      // SIGQUIT to the first process: it ends all others at once, without a checkpoint.
      process.kill(server.pid, 'SIGQUIT')
      await server.stop()
      await until(async () => !(await listens(port)), 'the end of PostgreSQL')
    },
    async start() {
      server = await startPostgresql(clusterFolder, user, port)
      await answers()
    },
    async pause() {
      // The first process first: it must not make another one meanwhile.
      process.kill(server.pid, 'SIGSTOP')
      for (const pid of await childrenOf(server.pid)) process.kill(pid, 'SIGSTOP')
    },
    async resume() {
      for (const pid of [...(await childrenOf(server.pid)), server.pid]) process.kill(pid, 'SIGCONT')
    },
    async remove() {
      await server.stop()
      await rm(folder, { recursive: true })
    },
  }
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text.trim().split(' ').map(Number)
}

async function ask(
  url: string,
  statement: string,
  values: readonly unknown[] = [],
): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(statement, [...values])).rows
  } finally {
    await client.end()
  }
}
