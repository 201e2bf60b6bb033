import { isMayflyError, MayflyError, type RunResult } from '@mayfly/ca-core'
import { filePath } from '@mayfly/platform'
import * as z from 'zod'
import type { Preset } from '../preset.ts'
import { type Argv, runProgram } from '../run-program.ts'
import { presetName } from './preset-name.ts'

export interface MariadbOptions {
  readonly preset: 'mariadb'
  /** Default: `mariadb`, its client. */
  readonly program?: string | undefined
  /** An option file for the client alone, with user and password. Default: the client's own files. */
  readonly defaultsFile?: string | undefined
  /** Default: what the option file says, else the client's own. */
  readonly socket?: string | undefined
  readonly user?: string | undefined
}

/**
 * MariaDB: told `FLUSH SSL` through its own client, which needs the RELOAD privilege (root over the
 * Unix socket has it). Sessions live on, and new ones get the new certificate; files that it refuses
 * fail the statement, and the old ones stay. Probe it with `protocol: mysql`.
 */
export const mariadb: Preset<MariadbOptions> = {
  schema: z.strictObject({
    preset: presetName('mariadb'),
    program: filePath.optional().describe('The client that sends `FLUSH SSL`; `mariadb` if absent.'),
    defaultsFile: filePath
      .optional()
      .describe(
        'An option file for the client alone, with user and password. One that names a `host` needs `ssl-ca` too.',
      ),
    socket: filePath
      .optional()
      .describe('The Unix socket of MariaDB. Without it and without `defaultsFile`, the usual one.'),
    user: z.string().min(1).max(128).optional().describe('Whom to log in as; needs the RELOAD privilege.'),
  }),
  prepare(options, { processRunner }) {
    const run = (statement: string): Promise<RunResult> =>
      runProgram({ processRunner, argv: clientOf(options, statement), failure: 'reload-failed' })
    return {
      async ready() {
        const { stdout } = await run('SHOW GRANTS').catch((error: unknown) => {
          throw notReached(error) ?? error
        })
        requireRight(stdout)
      },
      check: () => Promise.resolve(),
      untested: true,
      async reload() {
        await run('FLUSH SSL')
      },
    }
  },
}

/** Its client's errors 2002 and 2003 with ENOENT or ECONNREFUSED: nobody listens, on the socket or over TCP. */
const noServer = / exited with \d+: (?:.*; )?ERROR 200[23] \(HY000\): (?<reason>.* \((?:2|111)\))$/

/** So that nothing is switched for a server that does not run; `undefined` for every other failure. */
function notReached(error: unknown): MayflyError | undefined {
  if (!isMayflyError(error, 'reload-failed')) return undefined
  const reason = noServer.exec(error.message)?.groups?.reason
  if (reason === undefined) return undefined
  const message = `MariaDB cannot be reached: ${reason}. Start it, or correct socket in the configuration.`
  return new MayflyError('reload-failed', message, { details: { because: 'server-down' }, cause: error })
}

/** Where FLUSH is allowed: with the right itself, or with every right on everything. */
const mayFlush = /^GRANT (?:ALL PRIVILEGES|(?:.*, )?RELOAD(?:,.*)?) ON \*\.\* TO /m

function requireRight(grants: string): void {
  if (mayFlush.test(grants)) return
  const [, user = 'this user'] = / TO (\S+)/.exec(grants) ?? []
  throw new MayflyError(
    'reload-failed',
    `MariaDB does not let ${user} FLUSH SSL. Give the right: GRANT RELOAD ON *.* TO ${user}.`,
    { details: { because: 'permission' } },
  )
}

/**
 * The client of MariaDB 11.4 and later verifies the server's certificate on the Unix socket too, where it knows no
 * root of it and no name. Nobody but the server is at that end; over TCP the client verifies what it does by itself.
 */
const overTheSocket = ['--protocol=socket', '--skip-ssl-verify-server-cert']

function clientOf(
  { program = 'mariadb', defaultsFile, socket, user }: MariadbOptions,
  statement: string,
): Argv {
  return [
    program,
    // The client takes this one only in the first place.
    ...(defaultsFile === undefined ? [] : [`--defaults-file=${defaultsFile}`]),
    ...(socket === undefined ? [] : [`--socket=${socket}`]),
    ...(socket !== undefined || defaultsFile === undefined ? overTheSocket : []),
    ...(user === undefined ? [] : [`--user=${user}`]),
    '--batch',
    `--execute=${statement}`,
  ]
}
