import { MayflyError, type ProcessRunner } from '@mayfly/ca-core'
import { runProgram } from './run-program.ts'

/** systemctl waits for the unit, which may be slow. */
const reloadTimeoutMs = 90_000

/** What is done to a unit so that it loads the new files. */
export type UnitAction = 'reload' | 'restart'

/** Throws `reload-failed` if the unit is not active, or cannot be reloaded where that is the action. */
export async function unitReady(
  processRunner: ProcessRunner,
  unit: string,
  action: UnitAction = 'reload',
): Promise<void> {
  const { LoadState, ActiveState, CanReload } = await stateOf(processRunner, unit)
  if (LoadState === 'not-found') {
    throw notReady(unit, 'unit', `systemd knows no ${unit}. Correct unit in the configuration.`)
  }
  // While it reloads for somebody else it runs, and a second reload waits for its turn.
  if (ActiveState !== 'active' && ActiveState !== 'reloading') {
    const message = `${unit} is ${ActiveState ?? 'in no state'}. Start it.`
    throw notReady(unit, 'server-down', message)
  }
  if (action === 'reload' && CanReload !== 'yes') {
    const message = `${unit} cannot be reloaded. Give it an ExecReload, or let the agent restart it (restart: true).`
    throw notReady(unit, 'unit', message)
  }
}

async function stateOf(processRunner: ProcessRunner, unit: string): Promise<Record<string, string>> {
  const argv = ['systemctl', 'show', '--property=LoadState,ActiveState,CanReload', unit] as const
  const { stdout } = await runProgram({ processRunner, argv, failure: 'reload-failed' })
  return Object.fromEntries(stdout.split('\n').map((line) => line.split('=', 2)))
}

function notReady(unit: string, because: 'unit' | 'server-down', message: string): MayflyError {
  return new MayflyError('reload-failed', message, { details: { unit, because } })
}

/** Throws `reload-failed`. A unit without ExecReload cannot be reloaded, and systemctl says so. */
export async function reloadUnit(
  processRunner: ProcessRunner,
  unit: string,
  action: UnitAction = 'reload',
): Promise<void> {
  await runProgram({
    processRunner,
    argv: ['systemctl', action, unit],
    failure: 'reload-failed',
    timeoutMs: reloadTimeoutMs,
  })
}
