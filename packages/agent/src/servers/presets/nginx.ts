import { filePath } from '@mayfly/platform'
import * as z from 'zod'
import { unitSchema } from '../option-schemas.ts'
import type { Preset } from '../preset.ts'
import { reloadedProcess, reloadedUnit } from '../reloaded-process.ts'
import { type Argv, runProgram } from '../run-program.ts'
import { findServer } from '../server-process.ts'
import { unitReady } from '../systemd-unit.ts'
import { presetName } from './preset-name.ts'

export interface NginxOptions {
  readonly preset: 'nginx'
  readonly pidFile?: string | undefined
  /** Reloads through systemd in place of a signal. */
  readonly unit?: string | undefined
  readonly program?: string | undefined
  /** What nginx is started with as `-c` and `-p`. */
  readonly configuration?: string | undefined
  readonly prefix?: string | undefined
}

const defaultPidFile = '/run/nginx.pid'

/**
 * nginx: tested with `nginx -t`, then sent SIGHUP. New workers take over, running requests finish on
 * the old ones, and idle kept connections are closed. A mismatched pair fails the test, and nginx
 * itself keeps the old configuration on SIGHUP.
 */
export const nginx: Preset<NginxOptions> = {
  schema: z.strictObject({
    preset: presetName('nginx'),
    pidFile: filePath
      .optional()
      .describe('The file with the process id of nginx; `/run/nginx.pid` if absent.'),
    unit: unitSchema.optional().describe('Reload this systemd unit in place of sending a signal.'),
    program: filePath.optional().describe('nginx itself; `nginx` if absent.'),
    configuration: filePath.optional().describe('What nginx is started with as `-c`.'),
    prefix: filePath.optional().describe('What nginx is started with as `-p`.'),
  }),
  prepare(options, ports) {
    const { unit } = options
    const server = { pidFile: options.pidFile ?? defaultPidFile, processName: 'nginx' }
    const reloaded = unit === undefined ? reloadedProcess(ports, server, 'SIGHUP') : reloadedUnit(ports, unit)
    return {
      async ready() {
        if (unit !== undefined) return unitReady(ports.processRunner, unit)
        await findServer(ports.fileSystem, server)
      },
      async check() {
        await runProgram({
          processRunner: ports.processRunner,
          argv: testOf(options),
          failure: 'check-failed',
        })
      },
      reload: reloaded.reload,
      ended: reloaded.ended,
    }
  },
}

function testOf({ program = 'nginx', configuration, prefix }: NginxOptions): Argv {
  return [
    program,
    '-t',
    '-q',
    ...(configuration === undefined ? [] : ['-c', configuration]),
    ...(prefix === undefined ? [] : ['-p', prefix]),
  ]
}
