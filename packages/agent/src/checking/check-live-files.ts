import type { Drift } from '../installing/drift.ts'
import { type DriftPorts, liveDrift } from '../rotation/live-drift.ts'
import type { RotationSubject } from '../rotation/rotation-context.ts'
import type { HeldBundle } from '../state/held-bundle.ts'
import type { LineageState } from '../state/lineage-state.ts'
import { good, type Outcome, warning } from './finding.ts'

export interface LiveFilesSubject extends Pick<RotationSubject, 'live' | 'name' | 'access'> {
  readonly state: LineageState
  /** The generation that is being brought to the ports now, if one is. */
  readonly underWay: number | undefined
  readonly held: HeldBundle
  readonly isAgentRunning: boolean
}

/** Whether the files that servers read are what was installed, and whether nobody else may read the key. */
export async function checkLiveFiles(subject: LiveFilesSubject, ports: DriftPorts): Promise<Outcome[]> {
  const { state, underWay, held, isAgentRunning } = subject
  // That nothing is installed is told already.
  if (state.live === undefined) return []
  if (underWay !== undefined) return [isAgentRunning ? goesOn(underWay) : wasEnded(underWay)]
  const drifts = await liveDrift(ports, subject, state, held)
  if (drifts.length === 0) return [good('the installed files are as they should be')]
  const remedy = isAgentRunning
    ? 'The agent puts it back within a minute; if it stays, its log says why.'
    : 'Start the agent, which puts it back and has the server load it again.'
  return drifts.map((drift) => outcomeOf(drift, remedy))
}

function goesOn(generation: number): Outcome {
  const doing = 'the agent tests and reloads the server and looks at its ports now'
  return good(`a rotation is under way: the files are those of generation ${generation}, and ${doing}`)
}

function wasEnded(generation: number): Outcome {
  return warning(
    'rotation-unfinished',
    `the agent was ended while it brought generation ${generation} to the server. Start it, and it goes on there.`,
  )
}

function outcomeOf(drift: Drift, remedy: string): Outcome {
  const { path } = drift
  switch (drift.because) {
    case 'access':
      return warning('permission-denied', `${path} ${describeAccess(drift)} ${remedy}`)
    case 'content':
      return warning('file-unreadable', `${path} was altered: it does not hold what was installed. ${remedy}`)
    case 'unreadable':
      return warning('file-unreadable', `${path} cannot be read, so that it cannot be compared. ${remedy}`)
    case 'missing':
      return warning('file-missing', `${path} was removed. ${remedy}`)
    case 'type':
      return warning('file-exists', `something else lies where ${path} was installed. ${remedy}`)
    case 'link':
      return warning('file-exists', `${path} does not lead to the generation that was installed. ${remedy}`)
  }
}

function describeAccess({ path, present, expected }: Extract<Drift, { because: 'access' }>): string {
  if (present.mode !== expected.mode) {
    const isOpen = (present.mode & ~expected.mode & othersBits) !== 0
    const harm = isOpen ? ', so that others may read or change it' : ''
    const mode = formatMode(expected.mode)
    return `has the mode ${formatMode(present.mode)} in place of ${mode}${harm}. Run: chmod ${mode} ${path}.`
  }
  const owner = `${expected.uid ?? present.uid}:${expected.gid ?? present.gid}`
  return `belongs to ${present.uid}:${present.gid} in place of ${owner}. Run: chown ${owner} ${path}.`
}

/** Of the group and of everybody. */
const othersBits = 0o077

function formatMode(mode: number): string {
  return mode.toString(8).padStart(4, '0')
}
