import type { FileSystem } from '@mayfly/ca-core'
import { keepConfiguration, type Logger, type LogLevel } from '@mayfly/platform'
import { type AgentConfiguration, readAgentConfiguration } from '../configuration/agent-configuration.ts'
import { asMayflyError } from '../rotation/record-setback.ts'

export interface LiveConfiguration {
  /** What is in use. */
  current(): AgentConfiguration
  /** What is wrong with the newest file, which is then not in use. */
  problem(): string | undefined
  /** Reads the file again. A mistake in it is told, and the configuration before stays in use. Never rejects. */
  reload(): Promise<void>
  /** The same, where there is a problem: a port may be free by now, a user may exist. */
  retry(): Promise<void>
  /** Resolves when what is under way has ended; nothing is read after it. */
  close(): Promise<void>
}

export interface LiveConfigurationOptions {
  readonly fileSystem: FileSystem
  readonly path: string
  readonly first: AgentConfiguration
  readonly logger: Logger
  /** Puts a configuration into use, or throws and leaves everything as it was. */
  readonly follow: (next: AgentConfiguration) => Promise<void>
  /** The least serious line that is logged has changed. */
  readonly logFrom: (level: LogLevel) => void
}

/** The configuration of a running agent, which changes with its file. */
export function keepAgentConfiguration(options: LiveConfigurationOptions): LiveConfiguration {
  const { fileSystem, path, first, logger, follow, logFrom } = options
  let current = first
  /** The state folder is locked for the life of the process. */
  let otherState: string | undefined

  const kept = keepConfiguration({
    read: () => readAgentConfiguration(fileSystem, path),
    async follow(next) {
      const usable = { ...next, state: first.state }
      await follow(usable)
      if (next.logLevel !== current.logLevel) logFrom(next.logLevel)
      current = usable
      otherState = next.state === first.state ? undefined : next.state
    },
    onUse() {
      const problem = waitingState()
      if (problem === undefined) logger.info('the configuration is in use')
      else logger.error({ problem }, 'the configuration is in use but for its state folder')
    },
    onMistake: (error) =>
      logger.error(
        { problem: asMayflyError(error).message },
        'the configuration has a mistake; the one before stays in use',
      ),
  })

  const waitingState = (): string | undefined =>
    otherState && `state was changed to ${otherState}; restart the agent to use it`

  return {
    current: () => current,
    problem() {
      const mistake = kept.mistake()
      return mistake === undefined ? waitingState() : asMayflyError(mistake.error).message
    },
    reload: () => kept.reload(),
    retry: () => kept.retry(),
    close: () => kept.close(),
  }
}
