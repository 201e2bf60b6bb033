import type { Agent } from 'node:https'
import { createConnectionContext } from './connections/connection-context.ts'
import { agentOptionNames, type PinnedAgentOptions, PinnedHttpsAgent } from './http/pinned-https-agent.ts'
import { knownOptions, type OptionNames } from './known-options.ts'
import type { MaterialPaths } from './material/material-files.ts'
import { type TrustOptions, trustOptionNames } from './options.ts'
import type { TrustError } from './trust-error.ts'

/** Paths of PEM files. `cert` is the full chain; it and `key` come together or not at all. */
export interface PinnedAgentFiles {
  readonly bundle: string
  readonly cert?: string
  readonly key?: string
}

export interface PinnedAgentConfiguration extends PinnedAgentFiles, TrustOptions, PinnedAgentOptions {
  /** What is on disk can't be used, so the old is kept. Default: a process warning. */
  readonly onProblem?: (problem: TrustError) => void
}

const optionNames: OptionNames<PinnedAgentConfiguration> = {
  ...trustOptionNames,
  ...agentOptionNames,
  bundle: true,
  cert: true,
  key: true,
  onProblem: true,
}

/**
 * The one-call form: an agent for `https.request` that trusts the bundle alone. The files are
 * followed as they are replaced, until `destroy()`. Throws a `TrustError` when one is missing or broken.
 */
export function pinnedAgent(configuration: PinnedAgentConfiguration): Agent {
  const { onProblem = (problem: TrustError) => process.emitWarning(problem) } = knownOptions(
    'pinnedAgent',
    configuration,
    optionNames,
  )
  const context = createConnectionContext(pathsOf(configuration), configuration)
  context.live.on('problem', onProblem)
  const agent = new PinnedHttpsAgent(context, configuration)
  agent.onDestroy = () => void context.live.close()
  return agent
}

function pathsOf({ bundle, cert, key }: PinnedAgentFiles): MaterialPaths {
  if (typeof bundle !== 'string') throw new TypeError('pinnedAgent needs the path of a bundle')
  if (cert === undefined && key === undefined) return { bundle }
  if (cert === undefined || key === undefined)
    throw new TypeError('pinnedAgent needs both cert and key, or neither')
  return { bundle, own: { cert, key } }
}
