import { filePath, type HostPort, hostPort } from '@mayfly/platform'
import * as z from 'zod'
import { askCaddy } from '../ask-caddy.ts'
import type { Preset } from '../preset.ts'
import { type Argv, runProgram } from '../run-program.ts'
import { presetName } from './preset-name.ts'

export interface CaddyOptions {
  readonly preset: 'caddy'
  /** Default: Debian's `/etc/caddy/Caddyfile`. */
  readonly configuration?: string | undefined
  readonly adapter?: 'caddyfile' | 'json' | undefined
  /** The administration address, where it is not Caddy's default. */
  readonly admin?: HostPort | undefined
  readonly program?: string | undefined
}

const defaultConfiguration = '/etc/caddy/Caddyfile'
const defaultAdmin: HostPort = { host: 'localhost', port: 2019 }

/**
 * Caddy, with `tls <certificate> <key>` in its configuration: validated, then `caddy reload --force`,
 * without which Caddy sees the same configuration and does not read the files again. Running requests
 * finish, and idle kept connections are closed. Caddy opens its port anew beside the old one, and Linux
 * resets what waits at the old one, unless `net.ipv4.tcp_migrate_req` is set. What Caddy refuses fails
 * the command, and the old configuration stays.
 */
export const caddy: Preset<CaddyOptions> = {
  schema: z.strictObject({
    preset: presetName('caddy'),
    configuration: filePath
      .optional()
      .describe('What Caddy is started with; `/etc/caddy/Caddyfile` if absent.'),
    adapter: z
      .enum(['caddyfile', 'json'])
      .optional()
      .describe('The form of that configuration; `caddyfile` if absent.'),
    admin: hostPort.optional().describe("Caddy's administration address, where it is not its default."),
    program: filePath.optional().describe('Caddy itself; `caddy` if absent.'),
  }),
  prepare(options, { processRunner }) {
    const { admin } = options
    const address = admin === undefined ? [] : ['--address', `${admin.host}:${admin.port}`]
    // Caddy keeps its own things below the home folder, and complains where there is none.
    const env = { HOME: '/nonexistent' }
    return {
      ready: () => askCaddy(admin ?? defaultAdmin),
      async check() {
        await runProgram({
          processRunner,
          argv: commandOf(options, 'validate'),
          failure: 'check-failed',
          env,
        })
      },
      async reload() {
        const argv: Argv = [...commandOf(options, 'reload'), '--force', ...address]
        await runProgram({ processRunner, argv, failure: 'reload-failed', env })
      },
    }
  },
}

function commandOf(options: CaddyOptions, command: 'validate' | 'reload'): Argv {
  const { program = 'caddy', configuration = defaultConfiguration, adapter } = options
  // JSON is Caddy's own form, for which there is no adapter.
  const adapted = adapter === 'json' ? [] : ['--adapter', adapter ?? 'caddyfile']
  return [program, command, '--config', configuration, ...adapted]
}
