import { execFile } from 'node:child_process'
import { chown, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import {
  type Postgresql,
  postgresqlPrograms,
  postgresqlUser,
  startPostgresql,
} from '../../../../test/support/servers/postgresql.ts'
import { until } from '../../../../test/support/servers/started-server.ts'
import type { DatabaseServer } from './database-server.ts'

const run = promisify(execFile)

/** A server that follows another one, in its folder. */
export interface StandbyServer {
  readonly port: number
  /** Resolves when the database of that URL of the primary has come over: it is kept before it is shown. */
  holds(url: string): Promise<void>
  /** Makes it take writes. */
  promote(): Promise<void>
  stop(): Promise<void>
}

/** Starts a standby which holds every commit of the primary before that is answered. */
export async function startStandby(primary: DatabaseServer): Promise<StandbyServer> {
  const user = await postgresqlUser()
  const folder = join(primary.folder, 'standby')
  await mkdir(folder, { mode: 0o700 })
  await chown(folder, user.uid, user.gid)
  const from = ['-h', '127.0.0.1', '-p', String(primary.port), '-U', 'postgres']
  await run(
    join(postgresqlPrograms, 'pg_basebackup'),
    [...from, '-D', folder, '-R', '-X', 'stream', '-c', 'fast', '--no-sync'],
    { ...user, cwd: folder },
  )
  const standby: Postgresql = await startPostgresql(folder, user)
  const urlOf = (port: number): string => `postgres://postgres@127.0.0.1:${port}/postgres`
  // Only now: the copy of the configuration is without it, so that it needs nobody once it is the primary.
  await primary.ask(urlOf(primary.port), `ALTER SYSTEM SET synchronous_standby_names = '*'`)
  await primary.ask(urlOf(primary.port), 'SELECT pg_reload_conf()')
  await until(async () => {
    const rows = await primary.ask(urlOf(primary.port), 'SELECT sync_state FROM pg_stat_replication')
    return rows[0]?.sync_state === 'sync'
  }, 'a standby in step')
  return {
    port: standby.port,
    async holds(url) {
      const database = url.split('/').at(-1)
      await until(async () => {
        const found = await primary.ask(urlOf(standby.port), 'SELECT FROM pg_database WHERE datname = $1', [
          database,
        ])
        return found.length === 1
      }, `${database} on the standby`)
    },
    async promote() {
      await primary.ask(urlOf(standby.port), 'SELECT pg_promote()')
    },
    stop: () => standby.stop(),
  }
}
