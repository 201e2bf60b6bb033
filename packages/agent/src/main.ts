import { hostname } from 'node:os'
import {
  createLogger,
  hasChangedSince,
  type Logger,
  notifySystemd,
  removeLeftovers,
  type StopSignals,
  stopSignals,
} from '@mayfly/platform'
import type { AgentPorts } from './agent-ports.ts'
import { type AgentConfiguration, readAgentConfiguration } from './configuration/agent-configuration.ts'
import { removeInstalledLeftovers } from './installing/remove-old-generations.ts'
import { localPorts } from './local-ports.ts'
import { type RunningAgent, startAgent } from './running/agent.ts'
import { type HostWatch, watchHost } from './running/watch-host.ts'
import { prepareStateFolder, statePaths } from './state/state-folder.ts'
import type { AgentStatus } from './status/agent-status.ts'

export interface RunAgentOptions {
  /** Takes the place of SIGTERM and SIGINT. */
  readonly signal?: AbortSignal
  readonly logger?: Logger
  /** Parts of the machine to replace, in tests. */
  readonly ports?: Partial<AgentPorts>
}

/**
 * Runs the agent until SIGTERM or SIGINT, then finishes what is under way.
 * SIGHUP reads the configuration again; SIGUSR2 renews every certificate now.
 *
 * @throws MayflyError `config-invalid`, `already-running`, or what the state folder throws; at the start only
 */
export async function runAgent(configPath: string, options: RunAgentOptions = {}): Promise<void> {
  const local = localPorts()
  const ports: AgentPorts = { ...local, ...options.ports }
  const configuration = await readAgentConfiguration(ports.fileSystem, configPath)
  const logger =
    options.logger ??
    createLogger({ level: configuration.logLevel, name: 'mayfly-agent', clock: ports.clock })
  await prepareStateFolder(ports.fileSystem, configuration.state)
  const lock = await ports.lock(statePaths.lock(configuration.state))
  try {
    await removeUnfinished(ports, configuration)
    await runLocked({
      configPath,
      configuration,
      ports,
      logger,
      ...(options.signal && { signal: options.signal }),
    })
  } finally {
    lock.release()
    await local.transport.close()
  }
}

interface LockedRun {
  readonly configPath: string
  readonly configuration: AgentConfiguration
  readonly ports: AgentPorts
  readonly logger: Logger
  readonly signal?: AbortSignal
}

async function runLocked(run: LockedRun): Promise<void> {
  const { configPath, configuration, ports, logger } = run
  const stop = run.signal === undefined ? stopSignals() : ownSignal(run.signal)
  const systemd = notifySystemd({
    processRunner: ports.processRunner,
    clock: ports.clock,
    environment: process.env,
    pid: process.pid,
    onError: (err) => logger.warn({ err }, 'systemd was not told'),
  })
  let told = ''
  let watch: HostWatch | undefined
  const agent = await startAgent({
    ports,
    logger,
    configPath,
    configuration,
    pid: process.pid,
    host: hostname(),
    onStatus(status) {
      const line = statusLine(status)
      if (line !== told) void systemd.status(line)
      told = line
    },
    givesMetrics: true,
    onConfiguration: (next) => void watch?.follow(next),
  })
  const unlisten = listenToSignals(agent, logger)
  watch = await watchHost(configPath, configuration, {
    onFiles: () => agent.wake(),
    onConfiguration: () => agent.reload(),
    onError: (err) =>
      logger.warn({ err }, 'watching files has failed; the agent looks every minute all the same'),
  })
  const read = () => readAgentConfiguration(ports.fileSystem, configPath)
  if (await hasChangedSince(configuration, read)) void agent.reload()
  logger.info({ configPath, metrics: agent.metricsAddress() }, 'the agent is running')
  await systemd.ready()
  const alive = systemd.keepAlive(stop.signal, () => agent.isAlive())
  await aborted(stop.signal)
  logger.info('the agent is stopping')
  await Promise.all([systemd.stopping(), alive])
  unlisten()
  stop.dispose()
  await agent.stop()
  // The last configuration may have moved it just now.
  await watch.close()
  logger.info('the agent has stopped')
}

/** What writers that were killed left behind, of which nobody knows any more. */
async function removeUnfinished(
  { fileSystem }: AgentPorts,
  configuration: AgentConfiguration,
): Promise<void> {
  const { state, live, certificates } = configuration
  const folders = [state, statePaths.lineages(state), statePaths.bundles(state), statePaths.renewals(state)]
  for (const folder of folders) await removeLeftovers(fileSystem, folder)
  // These may belong to others, and be away or closed: that is told by whoever has to write there.
  await removeLeftovers(fileSystem, live).catch(() => undefined)
  for (const name of Object.keys(certificates))
    await removeInstalledLeftovers({ fileSystem, live, name }).catch(() => undefined)
}

function listenToSignals(agent: RunningAgent, logger: Logger): () => void {
  const reload = (): void => void agent.reload()
  const renew = (): void => {
    logger.info('a new certificate is asked for, for every name')
    agent.renew().catch((err: unknown) => logger.error({ err }, 'the wish to renew cannot be noted'))
  }
  // Node would open its inspector, through which whoever may reach the port runs code as this user. The unit blocks it
  // for good; started in another way, this is in its place.
  const ignore = (): void => logger.warn('SIGUSR1 does nothing here; SIGUSR2 renews every certificate')
  process.on('SIGHUP', reload)
  process.on('SIGUSR1', ignore)
  process.on('SIGUSR2', renew)
  return () => {
    process.off('SIGHUP', reload)
    process.off('SIGUSR1', ignore)
    process.off('SIGUSR2', renew)
  }
}

function ownSignal(signal: AbortSignal): StopSignals {
  return { signal, dispose: () => undefined }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** For `systemctl status`. */
function statusLine({ level, certificates, alarms }: AgentStatus): string {
  const [worst] = [...certificates.flatMap((certificate) => certificate.alarms), ...alarms]
  return worst === undefined ? `${certificates.length} certificates are fresh` : `${level}: ${worst.message}`
}
