import { isMayflyError } from '@mayfly/ca-core'
import type { AgentConfiguration } from '../configuration/agent-configuration.ts'
import { archiveRoot } from '../installing/paths.ts'
import { requireOwnState, stateFileAccess, stateFolderAccess, statePaths } from '../state/state-folder.ts'
import type { CheckPorts } from './check-ports.ts'
import { type Finding, failed, good, type Outcome, tryOut, warning } from './finding.ts'
import { nearestFolder, tryFolder } from './try-folder.ts'

/** A generation is some tens of kilobytes; below this the next ones, the history and the journal do not fit. */
const freeBytesMin = 10 * 1_048_576
const mebibyte = 1_048_576

/** What every rotation of this host needs. */
export async function checkHost(configuration: AgentConfiguration, ports: CheckPorts): Promise<Finding[]> {
  return [
    ...(await tryOut({ check: 'state' }, () => checkState(configuration, ports))),
    ...(await tryOut({ check: 'disk-space' }, () => checkSpace(configuration, ports))),
    ...(await tryOut({ check: 'running' }, () => checkRunning(configuration, ports))),
  ]
}

async function checkState({ state }: AgentConfiguration, ports: CheckPorts): Promise<Outcome> {
  const { fileSystem } = ports
  const present = await fileSystem.status(state)
  if (present !== undefined && present.type !== 'directory') {
    return failed(
      'file-exists',
      `${state} is a ${present.type} where the agent keeps its state; move it away.`,
    )
  }
  await requireOwnState(fileSystem, state)
  await tryFolder(ports, state, stateFileAccess)
  for (const folder of [statePaths.lineages(state), statePaths.bundles(state)])
    await tryFolder(ports, folder, stateFileAccess)
  if (present === undefined) return good(`${state} can be made`)
  if (present.mode === stateFolderAccess.mode) return good(`${state} can be written`)
  const mode = present.mode.toString(8).padStart(4, '0')
  return warning(
    'permission-denied',
    `${state} has the mode ${mode}, so that others may see into it. Run: chmod 0700 ${state}`,
  )
}

async function checkSpace({ state, live }: AgentConfiguration, ports: CheckPorts): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (const folder of [state, archiveRoot(live)]) {
    const free = await ports.freeBytes(await nearestFolder(ports.fileSystem, folder))
    const shown = `${Math.floor(free / mebibyte)} MiB are free for ${folder}`
    outcomes.push(free >= freeBytesMin ? good(shown) : failed('disk-full', `only ${shown}. Make room there.`))
  }
  return outcomes
}

async function checkRunning({ state }: AgentConfiguration, ports: CheckPorts): Promise<Outcome> {
  if ((await ports.fileSystem.status(statePaths.lock(state))) === undefined) return notRunning
  try {
    const lock = await ports.lock(statePaths.lock(state))
    lock.release()
    return notRunning
  } catch (error) {
    if (isMayflyError(error, 'already-running')) return good('an agent is running')
    throw error
  }
}

const notRunning: Outcome = warning(
  'stopping',
  'no agent is running. Start it: systemctl start mayfly-agent, or mayfly agent run.',
)
