import * as z from 'zod'
import { argvSchema, unitSchema } from '../option-schemas.ts'
import type { Preset } from '../preset.ts'
import { reloadedUnit } from '../reloaded-process.ts'
import { type Argv, runProgram } from '../run-program.ts'
import { unitReady } from '../systemd-unit.ts'
import { presetName } from './preset-name.ts'

export interface UnitOptions {
  readonly preset: 'unit'
  readonly unit: string
  /** For a unit that cannot reload: what it serves is interrupted. Default: `false`. */
  readonly restart?: boolean | undefined
  /** The server's own test, as an argument list. */
  readonly check?: Argv | undefined
}

/** Any systemd unit: one with an `ExecReload`, or one that may be started anew. */
export const unit: Preset<UnitOptions> = {
  schema: z.strictObject({
    preset: presetName('unit').default('unit'),
    unit: unitSchema.describe('The systemd unit to reload, such as `nginx.service`.'),
    restart: z.boolean().optional().describe('Restart it in place of reloading it: connections are lost.'),
    check: argvSchema.optional().describe("The server's own test, as an argument list."),
  }),
  prepare({ unit: name, restart = false, check }, ports) {
    const { processRunner } = ports
    const action = restart ? 'restart' : 'reload'
    const reloaded = reloadedUnit(ports, name, action)
    return {
      ready: () => unitReady(processRunner, name, action),
      async check() {
        if (check !== undefined) await runProgram({ processRunner, argv: check, failure: 'check-failed' })
      },
      untested: check === undefined,
      reload: reloaded.reload,
      ended: reloaded.ended,
    }
  },
}
