import { filePath } from '@mayfly/platform'
import * as z from 'zod'
import { processNameSchema } from '../option-schemas.ts'
import type { Preset } from '../preset.ts'
import { reloadedProcess } from '../reloaded-process.ts'
import { findServer } from '../server-process.ts'
import { presetName } from './preset-name.ts'

export interface StunnelOptions {
  readonly preset: 'stunnel'
  /** What `pid` names in its configuration. */
  readonly pidFile: string
  /** Default: `stunnel4`, Debian's. */
  readonly processName?: string | undefined
}

/**
 * stunnel: sent SIGHUP, on which it reads its configuration and its files again. Connections live on,
 * but it closes its port and opens it again: connections that come in that moment are refused.
 * With files that it refuses it keeps the old ones and tells its log alone.
 */
export const stunnel: Preset<StunnelOptions> = {
  schema: z.strictObject({
    preset: presetName('stunnel'),
    pidFile: filePath.describe('What `pid` names in its configuration.'),
    processName: processNameSchema
      .optional()
      .describe('What its process is called, where that is not `stunnel4`.'),
  }),
  prepare({ pidFile, processName = 'stunnel4' }, ports) {
    const server = { pidFile, processName }
    const reloaded = reloadedProcess(ports, server, 'SIGHUP')
    return {
      async ready() {
        await findServer(ports.fileSystem, server)
      },
      check: () => Promise.resolve(),
      untested: true,
      reload: reloaded.reload,
      ended: reloaded.ended,
    }
  },
}
