import type { FileSystem } from '@mayfly/ca-core'
import type { Logger } from '@mayfly/platform'
import { type AgentConfiguration, readAgentConfiguration } from '../configuration/agent-configuration.ts'
import { asMayflyError } from '../rotation/record-setback.ts'

export interface LiveConfiguration {
  /** What is in use. */
  current(): AgentConfiguration
  /** What is wrong with the newest file, which is then not in use. */
  problem(): string | undefined
  /** Reads the file again. A mistake in it is told, and the configuration before stays in use. Never rejects. */
  reload(): Promise<void>
}

export interface LiveConfigurationOptions {
  readonly fileSystem: FileSystem
  readonly path: string
  readonly first: AgentConfiguration
  readonly logger: Logger
  /** Puts a configuration into use, or throws and leaves everything as it was. */
  readonly follow: (next: AgentConfiguration) => Promise<void>
}

/** Read once, when the agent starts. */
const keysOfTheStart = ['log.level', 'metrics.listen', 'metrics.textfile'] as const

function keyValue(
  { logLevel, metrics }: AgentConfiguration,
  key: (typeof keysOfTheStart)[number],
): string | undefined {
  switch (key) {
    case 'log.level':
      return logLevel
    case 'metrics.listen':
      return JSON.stringify(metrics.listen)
    case 'metrics.textfile':
      return metrics.textfile
  }
}

/** The configuration of a running agent, which changes with its file. */
export function keepConfiguration(options: LiveConfigurationOptions): LiveConfiguration {
  const { fileSystem, path, first, logger, follow } = options
  let current = first
  let problem: string | undefined
  // One after the other: a signal and a change of the file may come together.
  let reloading: Promise<void> = Promise.resolve()

  const reload = async (): Promise<void> => {
    try {
      const next = await readAgentConfiguration(fileSystem, path)
      // The state folder is locked for the life of the process.
      const usable = { ...next, state: first.state }
      await follow(usable)
      current = usable
      const keys = keysOfTheStart.filter((key) => keyValue(next, key) !== keyValue(first, key))
      if (keys.length > 0)
        logger.warn({ keys }, `restart the agent to use what was changed: ${keys.join(', ')}`)
      problem =
        next.state === first.state
          ? undefined
          : `state was changed to ${next.state}; restart the agent to use it`
    } catch (error) {
      problem = asMayflyError(error).message
    }
    if (problem === undefined) logger.info('the configuration is in use')
    else logger.error({ problem }, 'the configuration has a mistake; the one before stays in use')
  }

  return {
    current: () => current,
    problem: () => problem,
    reload() {
      reloading = reloading.then(reload)
      return reloading
    },
  }
}
