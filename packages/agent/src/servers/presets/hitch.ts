import { filePath } from '@mayfly/platform'
import * as z from 'zod'
import type { Preset } from '../preset.ts'
import { reloadedProcess } from '../reloaded-process.ts'
import { runProgram } from '../run-program.ts'
import { findServer } from '../server-process.ts'
import { presetName } from './preset-name.ts'

export interface HitchOptions {
  readonly preset: 'hitch'
  /** What it is started with as `--pidfile`: 1.7.2 refuses `pidfile` in its configuration. */
  readonly pidFile: string
  /** Default: Debian's `/etc/hitch/hitch.conf`. */
  readonly configuration?: string | undefined
  readonly program?: string | undefined
}

const defaultConfiguration = '/etc/hitch/hitch.conf'

/**
 * Hitch: tested with `hitch --test`, then sent SIGHUP: new workers take over. Connections that wait to be
 * taken by the old ones at that moment are reset. An old worker ends with its last connection, but where kept
 * connections are busy (seen with 1.7.2) it may end before, and with it the requests that run there.
 * Its `pem-file` is `combined.pem`, so the format `combined` is needed.
 */
export const hitch: Preset<HitchOptions> = {
  schema: z.strictObject({
    preset: presetName('hitch'),
    pidFile: filePath.describe('What Hitch is started with as `--pidfile`.'),
    configuration: filePath
      .optional()
      .describe('What Hitch is started with; `/etc/hitch/hitch.conf` if absent.'),
    program: filePath.optional().describe('Hitch itself; `hitch` if absent.'),
  }),
  formats: ['combined'],
  prepare({ pidFile, configuration = defaultConfiguration, program = 'hitch' }, ports) {
    const server = { pidFile, processName: 'hitch' }
    const reloaded = reloadedProcess(ports, server, 'SIGHUP')
    return {
      async ready() {
        await findServer(ports.fileSystem, server)
      },
      async check() {
        const argv = [program, '--test', `--config=${configuration}`] as const
        await runProgram({ processRunner: ports.processRunner, argv, failure: 'check-failed' })
      },
      reload: reloaded.reload,
      ended: reloaded.ended,
    }
  },
}
