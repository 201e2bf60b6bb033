import { type Clock, minuteMs } from '@mayfly/ca-core'
import type { Logger } from '@mayfly/platform'
import type { AgentPorts } from '../agent-ports.ts'
import type { AgentConfiguration } from '../configuration/agent-configuration.ts'
import type { AgentMetrics, MetricsFacts } from '../metrics/agent-metrics.ts'
import { openBundleShelf } from '../state/bundle-shelf.ts'
import { statePaths } from '../state/state-folder.ts'
import type { AgentStatus } from '../status/agent-status.ts'
import { composeStatus } from '../status/compose-status.ts'
import { openHistory } from '../status/history.ts'
import { statusPath } from '../status/read-status.ts'
import { createIssuerClient } from '../transport/issuer-client.ts'
import { watchIssuers } from '../transport/watch-issuers.ts'
import { agentVersion } from '../version.ts'
import { createKeeperFleet, type KeeperFleet } from './keeper-fleet.ts'
import { keepConfiguration } from './live-configuration.ts'
import { openStatusBoard } from './status-board.ts'

export interface AgentOptions {
  readonly ports: AgentPorts
  readonly logger: Logger
  readonly configPath: string
  /** As read at the start; its state folder is prepared and locked. */
  readonly configuration: AgentConfiguration
  readonly pid: number
  /** What this machine calls itself. */
  readonly host: string
  readonly onStatus: (status: AgentStatus) => void
}

/** A running agent: what signals, watches and commands can do to it. */
export interface RunningAgent {
  /** Where the configuration says that somebody looks. */
  readonly metrics?: AgentMetrics
  /** Whether every keeper makes progress; what the watchdog is told. */
  isAlive(): boolean
  /** Whether every certificate is without a critical alarm. */
  isReady(): boolean
  /** Reads the configuration again. A mistake in it is told, and the one before stays in use. */
  reload(): Promise<void>
  /** Looks at everything now. */
  wake(): void
  renew(names?: readonly string[]): Promise<void>
  stop(): Promise<void>
}

/** Starts an agent on a state folder that is prepared and locked. Throws `config-invalid` for an unknown owner or group. */
export async function startAgent(options: AgentOptions): Promise<RunningAgent> {
  const { ports, logger, configPath, pid, host } = options
  const { clock, fileSystem } = ports
  const lasting = { version: agentVersion, pid, host, startedAt: clock.now(), configPath }
  const { state } = options.configuration
  let lifeState: AgentStatus['state'] = 'running'

  const issuers = watchIssuers(ports.transport, clock)
  const issuer = createIssuerClient(issuers.transport, clock)
  const history = openHistory(fileSystem, statePaths.history(state), (err) =>
    logger.warn({ err }, 'no history is written'),
  )

  const compose = (): AgentStatus =>
    composeStatus({
      ...lasting,
      now: clock.now(),
      state: lifeState,
      configurationProblem: configuration.problem(),
      clockOffsetSeconds: issuer.clockOffsetSeconds(),
      issuers: issuers.sights(),
      certificates: fleet.certificates(),
    })

  const board = openStatusBoard({
    clock,
    fileSystem,
    path: () => statusPath(configuration.current()),
    compose,
    onWrite(status, err) {
      if (err !== undefined) logger.warn({ err }, 'the status cannot be written')
      options.onStatus(status)
    },
  })

  const fleet: KeeperFleet = createKeeperFleet({
    ports,
    issuer,
    shelf: openBundleShelf(fileSystem, state),
    logger,
    onEvent(certificate, event) {
      history.add(clock.now(), certificate, event)
      metrics?.count(certificate, event)
    },
    onStep: () => board.refresh(),
  })

  const configuration = keepConfiguration({
    fileSystem,
    path: configPath,
    first: options.configuration,
    logger,
    follow: (next) => fleet.follow(next),
  })

  const metrics = await openMetrics(options.configuration, {
    version: agentVersion,
    now: () => clock.now(),
    clockOffsetSeconds: issuer.clockOffsetSeconds,
    certificates: fleet.certificates,
    status: compose,
    issuers: issuers.sights,
  })

  const ending = new AbortController()
  const heartbeat = beat(clock, ending.signal, () => board.refresh())

  await fleet.follow(options.configuration)
  board.refresh()
  return {
    ...(metrics !== undefined && { metrics }),
    isAlive: () => fleet.isProgressing(),
    isReady: () => compose().level !== 'critical',
    async reload() {
      await configuration.reload()
      board.refresh()
    },
    wake: () => fleet.wake(),
    renew: (names) => fleet.renew(names),
    async stop() {
      ending.abort()
      await heartbeat
      await fleet.stop()
      lifeState = 'stopped'
      await board.close()
      await history.flush()
    },
  }
}

/** Their library is loaded only where they are wanted: it is much to have resident on every host. */
async function openMetrics(
  { metrics: { listen, textfile } }: AgentConfiguration,
  facts: MetricsFacts,
): Promise<AgentMetrics | undefined> {
  if (listen === undefined && textfile === undefined) return undefined
  const { createAgentMetrics } = await import('../metrics/agent-metrics.ts')
  return createAgentMetrics(facts)
}

/** The status says when it was written: an agent without certificates is alive too. */
async function beat(clock: Clock, signal: AbortSignal, onBeat: () => void): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(minuteMs, signal).catch(() => undefined)
    if (!signal.aborted) onBeat()
  }
}
