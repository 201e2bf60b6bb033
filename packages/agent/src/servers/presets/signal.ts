import { filePath } from '@mayfly/platform'
import * as z from 'zod'
import { argvSchema, processNameSchema } from '../option-schemas.ts'
import type { Preset } from '../preset.ts'
import { reloadedProcess } from '../reloaded-process.ts'
import { type Argv, runProgram } from '../run-program.ts'
import { findServer } from '../server-process.ts'
import { presetName } from './preset-name.ts'

/** Signals on which servers load their files. None that ends or stops a server is among them. */
const signals = ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH'] as const

export interface SignalOptions {
  readonly preset: 'signal'
  readonly pidFile: string
  readonly signal: (typeof signals)[number]
  /** Refuses to signal a process of another name. */
  readonly processName?: string | undefined
  /** The server's own test, as an argument list. */
  readonly check?: Argv | undefined
}

/** Any server that loads its files again on a signal. */
export const signal: Preset<SignalOptions> = {
  schema: z.strictObject({
    preset: presetName('signal').default('signal'),
    pidFile: filePath.describe("The file with the server's process id."),
    signal: z.enum(signals).describe('On which the server loads its files again.'),
    processName: processNameSchema
      .optional()
      .describe('Refuse to signal a process of another name (as `/proc/<pid>/comm` has it).'),
    check: argvSchema.optional().describe("The server's own test, as an argument list; no shell reads it."),
  }),
  prepare({ pidFile, processName, check, signal: name }, ports) {
    const server = { pidFile, ...(processName !== undefined && { processName }) }
    const reloaded = reloadedProcess(ports, server, name)
    return {
      async ready() {
        await findServer(ports.fileSystem, server)
      },
      async check() {
        if (check === undefined) return
        await runProgram({ processRunner: ports.processRunner, argv: check, failure: 'check-failed' })
      },
      untested: check === undefined,
      reload: reloaded.reload,
      ended: reloaded.ended,
    }
  },
}
