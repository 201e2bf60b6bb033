import { hostname } from 'node:os'
import { type Instant, isMayflyError, MayflyError } from '@mayfly/ca-core'
import { createLogger } from '@mayfly/platform'
import type { AgentPorts } from '../agent-ports.ts'
import { type AgentConfiguration, readAgentConfiguration } from '../configuration/agent-configuration.ts'
import { openLineageStore } from '../state/lineage-store.ts'
import { prepareStateFolder, statePaths } from '../state/state-folder.ts'
import { startAgent } from './agent.ts'
import { type RenewalOutcome, renewalOutcome } from './renewal-outcome.ts'
import { whyNotNoted } from './why-not-noted.ts'

export interface RenewOptions {
  readonly configPath: string
  /** Absent means every certificate. */
  readonly names?: readonly string[]
  /** How long to wait for the new certificates to be served. */
  readonly waitSeconds?: number
}

export interface Renewal {
  readonly name: string
  readonly outcome: RenewalOutcome
}

const waitSecondsDefault = 60
const lookMs = 250

/**
 * Asks for new certificates ahead of their time, and waits until they are served. A running agent does the work;
 * where none runs, it is done here.
 */
export async function renewNow(options: RenewOptions, ports: AgentPorts): Promise<Renewal[]> {
  const configuration = await readAgentConfiguration(ports.fileSystem, options.configPath)
  const names = chooseNames(configuration, options)
  await prepareStateFolder(ports.fileSystem, configuration.state)
  const wishedAt = ports.clock.now()
  for (const name of names) {
    await openLineageStore(ports.fileSystem, configuration.state, name).wishRenewal(wishedAt)
  }
  return withAgent(options.configPath, configuration, ports, () =>
    waitForNew(options, configuration, ports, { names, wishedAt }),
  )
}

function chooseNames(
  { certificates }: AgentConfiguration,
  { names, configPath }: RenewOptions,
): readonly string[] {
  const known = Object.keys(certificates)
  const unknown = names?.find((name) => !known.includes(name))
  if (unknown === undefined) return names ?? known
  throw new MayflyError(
    'usage',
    `${configPath} has no certificate ${unknown}; it has: ${known.join(', ') || 'none'}`,
  )
}

/** Runs an agent around `work`, unless one is running already. */
async function withAgent<T>(
  configPath: string,
  configuration: AgentConfiguration,
  ports: AgentPorts,
  work: () => Promise<T>,
): Promise<T> {
  const lock = await ports.lock(statePaths.lock(configuration.state)).catch((error: unknown) => {
    if (isMayflyError(error, 'already-running')) return undefined
    throw error
  })
  if (lock === undefined) return work()
  try {
    const logger = createLogger({ level: 'silent', name: 'mayfly-agent', clock: ports.clock })
    const agent = await startAgent({
      ports,
      logger,
      configPath,
      configuration,
      pid: process.pid,
      host: hostname(),
      givesMetrics: false,
    })
    return await work().finally(() => agent.stop())
  } finally {
    lock.release()
  }
}

interface Wish {
  readonly names: readonly string[]
  readonly wishedAt: Instant
}

async function waitForNew(
  { waitSeconds = waitSecondsDefault }: RenewOptions,
  configuration: AgentConfiguration,
  ports: AgentPorts,
  wish: Wish,
): Promise<Renewal[]> {
  const until = ports.clock.monotonic() + waitSeconds * 1_000
  for (;;) {
    const renewals = await Promise.all(
      wish.names.map((name) => look(ports, configuration, name, wish.wishedAt)),
    )
    const isDone = renewals.every(({ outcome }) => outcome.is !== 'under-way')
    if (isDone) return renewals
    if (ports.clock.monotonic() >= until) return withReason(renewals, configuration, ports)
    await ports.clock.sleep(lookMs)
  }
}

/** What has failed is read from the disk: where that cannot be written, this is what is in the way, and no older thing. */
async function withReason(
  renewals: readonly Renewal[],
  { state }: AgentConfiguration,
  ports: AgentPorts,
): Promise<Renewal[]> {
  const setback = await whyNotNoted(ports, state)
  return renewals.map((renewal) =>
    setback === undefined || renewal.outcome.is !== 'under-way'
      ? renewal
      : { ...renewal, outcome: { is: 'under-way', setback } },
  )
}

async function look(
  ports: AgentPorts,
  { state }: AgentConfiguration,
  name: string,
  wishedAt: Instant,
): Promise<Renewal> {
  const store = openLineageStore(ports.fileSystem, state, name)
  const found = await store.read()
  if (found !== undefined) return { name, outcome: renewalOutcome(found, wishedAt) }
  // An agent takes an enrolment up that was answered, and this look may be the moment in between.
  if ((await store.readEnrolment()) !== undefined || (await store.read()) !== undefined)
    return { name, outcome: { is: 'under-way' } }
  return { name, outcome: notEnrolled(name, wishedAt) }
}

function notEnrolled(name: string, at: Instant): RenewalOutcome {
  const message = `It is not enrolled. Run \`mayfly token create\` at the issuer, then \`mayfly agent enroll TOKEN --name ${name}\` here.`
  return {
    is: 'refused',
    setback: { code: 'lineage-unknown', message, attempts: 1, since: at, at, retryAt: at },
  }
}
