import { join } from 'node:path'
import { MayflyError } from '@mayfly/ca-core'
import { filePath } from '@mayfly/platform'
import * as z from 'zod'
import { type CertificatePair, dumpedPairs } from '../apache/dumped-pairs.ts'
import { requireMatchingPair } from '../apache/matching-pair.ts'
import { processNameSchema, unitSchema } from '../option-schemas.ts'
import type { Preset } from '../preset.ts'
import { reloadedProcess, reloadedUnit } from '../reloaded-process.ts'
import { type Argv, runProgram } from '../run-program.ts'
import type { ReloadContext, ServerPorts } from '../server-control.ts'
import { findServer } from '../server-process.ts'
import { unitReady } from '../systemd-unit.ts'
import { presetName } from './preset-name.ts'

export interface ApacheOptions {
  readonly preset: 'apache'
  readonly pidFile?: string | undefined
  /** Reloads through systemd in place of a signal. */
  readonly unit?: string | undefined
  /** Default: `apache2ctl`, which reads Debian's `envvars`. */
  readonly program?: string | undefined
  /** Default: `apache2`; other systems call it `httpd`. */
  readonly processName?: string | undefined
  /** What Apache is started with as `-f`. */
  readonly configuration?: string | undefined
  /** Loaded for the test alone, to see which files Apache would read. */
  readonly infoModule?: string | undefined
}

const defaults = {
  pidFile: '/run/apache2/apache2.pid',
  program: 'apache2ctl',
  processName: 'apache2',
  infoModule: '/usr/lib/apache2/modules/mod_info.so',
} as const

/** The whole configuration as text; thousands of virtual hosts fit. */
const dumpBytesMax = 16_777_216

/**
 * Apache: tested, then told to go on gracefully (SIGUSR1): running requests finish, and idle kept
 * connections are closed.
 *
 * Apache's own test passes a key that does not belong to its certificate, and the server then ends at
 * the reload. So every pair in its whole configuration is matched here, right before each reload.
 */
export const apache: Preset<ApacheOptions> = {
  schema: z.strictObject({
    preset: presetName('apache'),
    pidFile: filePath
      .optional()
      .describe('The file with the process id of Apache; `/run/apache2/apache2.pid` if absent.'),
    unit: unitSchema.optional().describe('Reload this systemd unit in place of sending a signal.'),
    program: filePath.optional().describe("What runs Apache's own test; `apache2ctl` if absent."),
    processName: processNameSchema
      .optional()
      .describe("What Apache's process is called; `apache2` if absent, elsewhere `httpd`."),
    configuration: filePath.optional().describe('What Apache is started with as `-f`.'),
    infoModule: filePath
      .optional()
      .describe('mod_info, loaded for the test alone to see which pairs Apache would read.'),
  }),
  prepare(options, ports) {
    const { unit, pidFile = defaults.pidFile, processName = defaults.processName } = options
    const server = { pidFile, processName }
    const reloaded =
      unit === undefined ? reloadedProcess(ports, server, 'SIGUSR1') : reloadedUnit(ports, unit)
    return {
      async ready() {
        if (unit !== undefined) return unitReady(ports.processRunner, unit)
        await findServer(ports.fileSystem, server)
      },
      check: (context) => requireGoodConfiguration(options, ports, context),
      async reload(context) {
        await requireGoodConfiguration(options, ports, context).catch((cause: unknown) => {
          throw new MayflyError('reload-failed', cause instanceof Error ? cause.message : String(cause), {
            cause,
          })
        })
        await reloaded.reload()
      },
      ended: reloaded.ended,
    }
  },
}

async function requireGoodConfiguration(
  options: ApacheOptions,
  ports: ServerPorts,
  { liveFolder }: ReloadContext,
): Promise<void> {
  const ours = { certificate: join(liveFolder, 'fullchain.pem'), key: join(liveFolder, 'key.pem') }
  for (const pair of [ours, ...(await configuredPairs(options, ports))]) {
    await requireMatchingPair(ports.fileSystem, pair)
  }
}

/** Apache's own test, and every pair in its configuration where mod_info can be had. */
async function configuredPairs(
  options: ApacheOptions,
  { processRunner }: ServerPorts,
): Promise<CertificatePair[]> {
  const base = baseOf(options)
  // By itself: with the dumps it leaves some of the test out, such as whether files of roots are there.
  await runProgram({ processRunner, argv: [...base, '-t'], failure: 'check-failed' })
  const { infoModule = defaults.infoModule } = options
  const dumps = ['-D', 'DUMP_CONFIG', '-D', 'DUMP_RUN_CFG']
  const dump: Argv = [...base, '-C', `LoadModule info_module ${infoModule}`, '-t', ...dumps]
  const dumped = await runProgram({
    processRunner,
    argv: dump,
    failure: 'check-failed',
    outputBytesMax: dumpBytesMax,
  }).catch(() => undefined)
  return dumped === undefined ? [] : dumpedPairs(dumped.stdout)
}

function baseOf({ program = defaults.program, configuration }: ApacheOptions): Argv {
  return configuration === undefined ? [program] : [program, '-f', configuration]
}
