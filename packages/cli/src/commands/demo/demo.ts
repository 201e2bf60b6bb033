import { stopSignals } from '@mayfly/platform'
import { type DemoPart, runDemoPart } from '../../demo/parts/demo-parts.ts'
import { type DemoOptions, runDemo } from '../../demo/run-demo.ts'
import { stoppedExitCode } from '../../errors/exit-codes.ts'
import type { Answer } from '../../terminal/answer.ts'

export interface DemoCommandOptions extends DemoOptions {
  readonly json?: boolean
}

export interface DemoPartOptions {
  readonly part: DemoPart
  readonly file: string
  readonly json?: boolean
}

/** `mayfly demo`: tells its story as it goes, so it has no answer but its exit code. */
export async function demo(options: DemoCommandOptions): Promise<Answer | undefined> {
  const { signal, dispose } = stopSignals()
  try {
    process.exitCode = await runDemo(options, signal)
  } catch (error) {
    // Whatever could not go on then: whoever stopped it knows why.
    if (!signal.aborted) throw error
    process.exitCode = stoppedExitCode
  } finally {
    dispose()
  }
  return undefined
}

/** `mayfly demo caller|service FILE` */
export async function demoPart({ part, file }: DemoPartOptions): Promise<Answer | undefined> {
  const { signal, dispose } = stopSignals()
  try {
    await runDemoPart(part, file, signal)
  } finally {
    dispose()
  }
  return undefined
}
