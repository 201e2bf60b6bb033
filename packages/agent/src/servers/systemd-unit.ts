import { MayflyError, type ProcessRunner } from '@mayfly/ca-core'
import { runProgram } from './run-program.ts'

/** systemctl waits for the unit, which may be slow. */
const reloadTimeoutMs = 90_000

/** Throws `reload-failed` if the unit is not active. */
export async function unitReady(processRunner: ProcessRunner, unit: string): Promise<void> {
  try {
    await runProgram({ processRunner, argv: ['systemctl', 'is-active', unit], failure: 'reload-failed' })
  } catch (cause) {
    throw new MayflyError('reload-failed', `${unit} is not active. Start it; it will load the new files.`, {
      details: { unit, because: 'server-down' },
      cause,
    })
  }
}

/** Throws `reload-failed`. A unit without ExecReload cannot be reloaded, and systemctl says so. */
export async function reloadUnit(
  processRunner: ProcessRunner,
  unit: string,
  action: 'reload' | 'restart' = 'reload',
): Promise<void> {
  await runProgram({
    processRunner,
    argv: ['systemctl', action, unit],
    failure: 'reload-failed',
    timeoutMs: reloadTimeoutMs,
  })
}
