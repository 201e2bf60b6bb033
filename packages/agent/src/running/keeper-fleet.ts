import { isDeepStrictEqual } from 'node:util'
import { minuteMs, type Trace } from '@mayfly/ca-core'
import { type Logger, type LogLevel, resolveAccess } from '@mayfly/platform'
import type { AgentPorts } from '../agent-ports.ts'
import type { AgentConfiguration } from '../configuration/agent-configuration.ts'
import type { CertificateSettings } from '../configuration/certificate-settings.ts'
import { type CertificateKeeper, createCertificateKeeper } from '../rotation/certificate-keeper.ts'
import { type KeeperLoop, startKeeperLoop } from '../rotation/keeper-loop.ts'
import { localServers } from '../rotation/local-servers.ts'
import type { RotationSubject } from '../rotation/rotation-context.ts'
import type { RotationEvent } from '../rotation/rotation-event.ts'
import type { BundleShelf } from '../state/bundle-shelf.ts'
import { type LineageStore, openLineageStore } from '../state/lineage-store.ts'
import type { KeptCertificate } from '../status/compose-status.ts'
import type { IssuerClient } from '../transport/issuer-client.ts'
import { agentVersion } from '../version.ts'
import { logEvent } from './log-event.ts'

export interface FleetOptions {
  readonly ports: AgentPorts
  readonly issuer: IssuerClient
  readonly shelf: BundleShelf
  readonly logger: Logger
  readonly onEvent: (certificate: string, event: RotationEvent) => void
  /** After every step of every keeper. */
  readonly onStep: () => void
}

/** The keepers of one agent, one for each certificate in its configuration. */
export interface KeeperFleet {
  /**
   * Starts, stops and restarts keepers until they are what `configuration` says.
   * Throws `config-invalid` for an owner or group that does not exist, or what `others` throws, before anything is
   * changed. `others` puts to use what else was configured, once nothing here can be refused any more.
   */
  follow(configuration: AgentConfiguration, others?: () => Promise<void>): Promise<void>
  /** The least serious line that is logged from now on. */
  logFrom(level: LogLevel): void
  /** Makes every keeper look now. */
  wake(): void
  /** Notes the wish for a new certificate for each of `names`, or for all, and wakes their keepers. */
  renew(names?: readonly string[]): Promise<void>
  certificates(): KeptCertificate[]
  /** Whether every keeper has lately finished something; one that hangs is none. */
  isProgressing(): boolean
  /** Resolves when every keeper has finished what it was doing. What they have kept is still told of. */
  stop(): Promise<void>
}

/**
 * Keepers look at least once a minute. The longest that one of them may be silent is a test and a reload by
 * a command, ten minutes each, and a look at the ports.
 */
const stillMsMax = 30 * minuteMs

interface Member {
  readonly subject: RotationSubject
  readonly logger: Logger
  readonly keeper: CertificateKeeper
  readonly store: LineageStore
  readonly stopping: AbortController
  readonly loop: KeeperLoop
  /** When it last finished something, in monotonic time. */
  readonly progressAt: () => number
  kept: KeptCertificate
}

export function createKeeperFleet(options: FleetOptions): KeeperFleet {
  const members = new Map<string, Member>()
  let ended = false

  const stop = async ({ stopping, loop }: Member): Promise<void> => {
    stopping.abort()
    await loop.ended
  }

  const remove = async (member: Member): Promise<void> => {
    await stop(member)
    members.delete(member.subject.name)
  }

  return {
    async follow(configuration, others) {
      const subjects = await planSubjects(configuration, options.ports)
      await others?.()
      const leaving = [...members.values()].filter(
        ({ subject }) => !isDeepStrictEqual(subjects.get(subject.name), subject),
      )
      await Promise.all(leaving.map(remove))
      // A configuration that was being read when the agent was told to stop starts nothing any more.
      for (const subject of ended ? [] : subjects.values()) {
        if (!members.has(subject.name))
          members.set(subject.name, startMember(subject, configuration.state, options))
      }
    },
    logFrom(level) {
      options.logger.level = level
      // A logger that was made from another keeps the level of that time.
      for (const { logger } of members.values()) logger.level = level
    },
    wake() {
      for (const { loop } of members.values()) loop.wake()
    },
    async renew(names) {
      for (const { subject, store, loop } of members.values()) {
        if (names !== undefined && !names.includes(subject.name)) continue
        await store.wishRenewal(options.ports.clock.now())
        loop.wake()
      }
    },
    certificates: () => [...members.values()].map(({ kept }) => kept),
    isProgressing() {
      const since = options.ports.clock.monotonic() - stillMsMax
      return [...members.values()].every(({ progressAt }) => progressAt() >= since)
    },
    async stop() {
      ended = true
      await Promise.all([...members.values()].map(stop))
    },
  }
}

async function planSubjects(
  { certificates, live }: AgentConfiguration,
  ports: AgentPorts,
): Promise<Map<string, RotationSubject>> {
  const subjects = new Map<string, RotationSubject>()
  for (const [name, settings] of Object.entries(certificates)) {
    const access = await resolveAccess(settings, ports)
    subjects.set(name, { name, live, settings, access, version: agentVersion })
  }
  return subjects
}

function startMember(subject: RotationSubject, state: string, options: FleetOptions): Member {
  const { ports, issuer, shelf, onEvent, onStep } = options
  const { clock, random, fileSystem } = ports
  const { name } = subject
  const logger = options.logger.child({ certificate: name })
  const store = openLineageStore(fileSystem, state, name)
  const servers = serversOf(subject.settings, subject, options)
  const tell = (event: RotationEvent): void => {
    logEvent(logger, event, keeper.view().state)
    onEvent(name, event)
    // A step may take minutes where a port stays wrong: what it meets is to be seen meanwhile.
    member.kept = { ...member.kept, view: keeper.view() }
    onStep()
  }
  let progressAt = clock.monotonic()
  const trace = loggingTrace(ports.trace, logger, {
    onStep: () => {
      progressAt = clock.monotonic()
    },
    nextGeneration: () => (keeper.view().state?.numberMax ?? 0) + 1,
  })
  const keeper: CertificateKeeper = createCertificateKeeper(
    { clock, random, fileSystem, issuer, servers, shelf, trace, tell },
    subject,
    store,
  )
  const stopping = new AbortController()
  let lastFailure: string | undefined
  const loop = startKeeperLoop(keeper, {
    clock,
    random,
    signal: stopping.signal,
    onStep(failure, next) {
      progressAt = clock.monotonic()
      member.kept = {
        name,
        view: keeper.view(),
        ...(failure !== undefined && { failure }),
        ...(next !== undefined && { next }),
      }
      const message = failure instanceof Error ? failure.message : undefined
      // The same failure every minute is one line, not one a minute.
      if (failure !== undefined && message !== lastFailure)
        logger.error({ err: failure }, 'the certificate cannot be kept')
      lastFailure = message
      onStep()
    },
  })
  const member: Member = {
    subject,
    logger,
    keeper,
    store,
    stopping,
    loop,
    progressAt: () => progressAt,
    kept: { name, view: {} },
  }
  return member
}

function serversOf(
  settings: CertificateSettings,
  { live, name }: RotationSubject,
  { ports, logger }: FleetOptions,
): ReturnType<typeof localServers> {
  const { fileSystem, processRunner, clock } = ports
  const onWarning = (warning: string): void => logger.warn({ certificate: name }, warning)
  return localServers({ fileSystem, processRunner, clock, live, name, settings, onWarning })
}

interface TraceWatch {
  readonly onStep: () => void
  /** The number that what is under way will have, where the step does not know it yet. */
  readonly nextGeneration: () => number
}

/** A line for each step; the logger names the certificate already. */
function loggingTrace(inner: Trace, logger: Logger, { onStep, nextGeneration }: TraceWatch): Trace {
  return {
    step(step, fields = {}) {
      const { certificate: _named, generation = nextGeneration(), ...others } = fields
      logger.info({ step, generation, ...others }, step)
      onStep()
      inner.step(step, fields)
    },
  }
}
