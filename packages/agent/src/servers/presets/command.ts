import { isAbsolute } from 'node:path'
import { type FileSystem, MayflyError } from '@mayfly/ca-core'
import * as z from 'zod'
import { argvSchema, timeoutSecondsSchema } from '../option-schemas.ts'
import type { Preset } from '../preset.ts'
import { type Argv, runProgram } from '../run-program.ts'
import type { ReloadContext } from '../server-control.ts'
import { presetName } from './preset-name.ts'

export interface CommandOptions {
  readonly preset: 'command'
  /** An argument list; no shell reads it. */
  readonly command: Argv
  readonly check?: Argv | undefined
  readonly timeoutSeconds?: number | undefined
}

/**
 * Any program that makes a server load its files. It finds the folders in its environment, as
 * `MAYFLY_LIVE_FOLDER` and `MAYFLY_GENERATION_FOLDER`.
 */
export const command: Preset<CommandOptions> = {
  schema: z.strictObject({
    preset: presetName('command').default('command'),
    command: argvSchema.describe(
      'What makes the server load the files, as an argument list; no shell reads it. `MAYFLY_LIVE_FOLDER` and `MAYFLY_GENERATION_FOLDER` are in its environment.',
    ),
    check: argvSchema.optional().describe("The server's own test, as an argument list."),
    timeoutSeconds: timeoutSecondsSchema.optional().describe('How long either may take; 30 if absent.'),
  }),
  prepare({ command: argv, check, timeoutSeconds }, { processRunner, fileSystem }) {
    const timeout = timeoutSeconds === undefined ? {} : { timeoutMs: timeoutSeconds * 1_000 }
    return {
      async ready() {
        for (const [program] of [argv, ...(check === undefined ? [] : [check])])
          await requireProgram(fileSystem, program)
      },
      async check(context) {
        if (check === undefined) return
        await runProgram({
          processRunner,
          argv: check,
          failure: 'check-failed',
          env: environmentOf(context),
          ...timeout,
        })
      },
      untested: check === undefined,
      async reload(context) {
        await runProgram({
          processRunner,
          argv,
          failure: 'reload-failed',
          env: environmentOf(context),
          ...timeout,
        })
      },
    }
  },
}

/** A program without a folder is looked up as it is started. */
async function requireProgram(fileSystem: FileSystem, program: string): Promise<void> {
  if (!isAbsolute(program)) return
  const found = await fileSystem.status(program)
  const isLink = found?.type === 'symlink'
  if (isLink || (found?.type === 'file' && (found.mode & 0o111) !== 0)) return
  const what = found === undefined ? 'is not there' : 'is no program that may be run'
  throw new MayflyError('reload-failed', `${program} ${what}. Put it there, or correct the configuration.`, {
    details: { program },
  })
}

function environmentOf({ liveFolder, generationFolder }: ReloadContext): Record<string, string> {
  return { MAYFLY_LIVE_FOLDER: liveFolder, MAYFLY_GENERATION_FOLDER: generationFolder }
}
