import { type Clock, minuteMs } from '@mayfly/ca-core'
import type { HostPort, Logger } from '@mayfly/platform'
import type { AgentPorts } from '../agent-ports.ts'
import type { AgentConfiguration } from '../configuration/agent-configuration.ts'
import type { MetricsFacts } from '../metrics/agent-metrics.ts'
import { openBundleShelf } from '../state/bundle-shelf.ts'
import { statePaths } from '../state/state-folder.ts'
import type { AgentStatus } from '../status/agent-status.ts'
import { composeStatus } from '../status/compose-status.ts'
import { type History, openHistory } from '../status/history.ts'
import { statusPath } from '../status/read-status.ts'
import { createIssuerClient, type IssuerClient } from '../transport/issuer-client.ts'
import { type WatchedIssuers, watchIssuers } from '../transport/watch-issuers.ts'
import { agentVersion } from '../version.ts'
import { createKeeperFleet, type KeeperFleet } from './keeper-fleet.ts'
import { keepAgentConfiguration } from './live-configuration.ts'
import { type LiveMetrics, openLiveMetrics } from './live-metrics.ts'
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
  readonly onStatus?: (status: AgentStatus) => void
  /** Another configuration is in use from now on, also the first. */
  readonly onConfiguration?: (configuration: AgentConfiguration) => void
  /** Whether the metrics are given out where the configuration says; not by an agent that runs for one command. */
  readonly givesMetrics: boolean
}

/** A running agent: what signals, watches and commands can do to it. */
export interface RunningAgent {
  /** Where the metrics are served, if they are. */
  metricsAddress(): HostPort | undefined
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

/**
 * Starts an agent on a state folder that is prepared and locked. Throws `config-invalid` for an unknown owner or
 * group, and for an address of the metrics that cannot be listened on.
 */
export async function startAgent(options: AgentOptions): Promise<RunningAgent> {
  const { ports, logger, configPath, pid, host } = options
  const { clock, fileSystem } = ports
  const lasting = { version: agentVersion, pid, host, startedAt: clock.now(), configPath }
  const { state } = options.configuration
  let lifeState: AgentStatus['state'] = 'running'

  const issuers = watchIssuers(ports.transport, clock)
  const issuer = createIssuerClient(issuers.transport, clock)
  const history = openLoggedHistory(options)

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
      options.onStatus?.(status)
      metrics.refreshTextfile()
    },
  })

  const fleet: KeeperFleet = createKeeperFleet({
    ports,
    issuer,
    shelf: openBundleShelf(fileSystem, state),
    logger,
    onEvent(certificate, event) {
      history.add(clock.now(), certificate, event)
      metrics.count(certificate, event)
    },
    onStep: () => board.refresh(),
  })

  const metrics = openMetrics(options, { status: compose, certificates: fleet.certificates, issuer, issuers })
  const follow = async (next: AgentConfiguration): Promise<void> => {
    await fleet.follow(next, options.givesMetrics ? () => metrics.follow(next.metrics) : undefined)
    options.onConfiguration?.(next)
  }
  const configuration = keepAgentConfiguration({
    fileSystem,
    path: configPath,
    first: options.configuration,
    logger,
    follow,
    logFrom: fleet.logFrom,
  })

  const ending = new AbortController()
  await follow(options.configuration)
  const heartbeat = beat(clock, ending.signal, () => {
    board.refresh()
    void configuration.retry()
  })
  board.refresh()
  return {
    metricsAddress: () => metrics.address(),
    isAlive: () => fleet.isProgressing(),
    isReady: () => isReady(compose()),
    async reload() {
      await configuration.reload()
      board.refresh()
    },
    wake: () => fleet.wake(),
    renew: (names) => fleet.renew(names),
    async stop() {
      ending.abort()
      await heartbeat
      // What it opens at the last moment is closed below like all else.
      await Promise.all([configuration.close(), fleet.stop()])
      lifeState = 'stopped'
      await board.close()
      await metrics.close()
      await history.flush()
    },
  }
}

function openLoggedHistory({ ports, configuration, logger }: AgentOptions): History {
  const path = statePaths.history(configuration.state)
  return openHistory(ports.fileSystem, path, (err) => logger.warn({ err }, 'no history is written'))
}

interface MetricsSources {
  readonly status: () => AgentStatus
  readonly certificates: MetricsFacts['certificates']
  readonly issuer: IssuerClient
  readonly issuers: WatchedIssuers
}

function openMetrics({ ports, logger }: AgentOptions, sources: MetricsSources): LiveMetrics {
  const { status, certificates, issuer, issuers } = sources
  return openLiveMetrics({
    fileSystem: ports.fileSystem,
    logger,
    isReady: () => isReady(status()),
    facts: {
      version: agentVersion,
      now: () => ports.clock.now(),
      clockOffsetSeconds: issuer.clockOffsetSeconds,
      certificates,
      status,
      issuers: issuers.sights,
    },
  })
}

function isReady({ level }: AgentStatus): boolean {
  return level !== 'critical'
}

/** The status says when it was written: an agent without certificates is alive too. */
async function beat(clock: Clock, signal: AbortSignal, onBeat: () => void): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(minuteMs, signal).catch(() => undefined)
    if (!signal.aborted) onBeat()
  }
}
