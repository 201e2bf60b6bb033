import type { MayflyError } from '@mayfly/ca-core'
import { type KeptConfiguration, startMetricsServer } from '@mayfly/platform'
import { createAlarmWatch } from '../alarms/alarm-watch.ts'
import { logAnswer } from '../api/access-log.ts'
import type { AnsweredRequest } from '../api/answered-request.ts'
import { openFront } from '../api/front/front.ts'
import { serverTimeouts } from '../api/front/https-server.ts'
import { type PublicServer, startPublicServer } from '../api/public-server.ts'
import { createReadiness, type Readiness } from '../api/readiness.ts'
import { type MarkedStore, markCommits } from '../backup/mark-commits.ts'
import { createClockGuard, guardStore } from '../clock/clock-guard.ts'
import type { IssuerConfiguration } from '../configuration/issuer-configuration.ts'
import type { Issuer } from '../issuing/issuer.ts'
import { createIssuerMetrics, type IssuerMetrics } from '../metrics/issuer-metrics.ts'
import { type SweepSchedule, startSweepSchedule } from '../schedule/sweep-schedule.ts'
import { type WatchedStore, watchWrites } from '../store/watch-writes.ts'
import { installOwnCertificate, mintOwnCertificate, type OwnCertificate } from '../tls/own-certificate.ts'
import { type RunningRenewal, startOwnCertificateRenewal } from '../tls/own-certificate-renewal.ts'
import { type FollowedConfiguration, followConfiguration } from './follow-configuration.ts'
import type { Foundation } from './foundation.ts'
import { createLiveAuthorities, type LiveAuthorities } from './live-authorities.ts'
import {
  createLiveIssuer,
  firstSettings,
  type LiveSettings,
  liveAuthority,
  loggingTrace,
} from './live-settings.ts'
import { ReloadGate } from './reload-gate.ts'
import { reloadIssuer } from './reload-issuer.ts'
import { Shutdown } from './shutdown.ts'
import { startAdministration } from './start-administration.ts'

/** An issuer at work. */
export interface RunningIssuer {
  /** Where the API listens. */
  readonly port: number
  /** Where the metrics are, if they are. */
  readonly metricsPort: number | undefined
  /** Serial of the certificate that new connections are shown. */
  ownSerial(): string
  /**
   * Takes over the authority and the bundle on disk, and of `next` what needs no restart.
   * Rejects where they can't be used, and goes on as before.
   */
  reload(next: IssuerConfiguration): Promise<void>
  /**
   * Reloads what `read` gives whenever it is told to. What cannot be used is an alarm until a reload comes through; each
   * sweep tries it again. Called once.
   */
  follow(read: () => Promise<IssuerConfiguration>): KeptConfiguration
  /** Resolves where a part has ended that nothing works without; never while all is well. It is to be stopped then. */
  readonly failed: Promise<MayflyError>
  /** Takes nothing new, finishes what it accepted, and ends. The store is left to its owner. */
  stop(): Promise<void>
}

/** The configuration that is followed, from when it is. */
interface Following {
  current?: FollowedConfiguration
}

/** What the parts share. */
interface Base {
  readonly following: Following
  readonly configuration: IssuerConfiguration
  readonly foundation: Foundation
  readonly live: LiveSettings
  readonly authorities: LiveAuthorities
  readonly issuer: Issuer
  readonly writes: WatchedStore
  readonly marked: MarkedStore
  readonly metrics: IssuerMetrics
  lookForAlarms(): Promise<void>
  readiness(): Promise<Readiness>
  answered(answer: AnsweredRequest): void
}

/** Starts every part, or none: what was started before a failure is ended again. */
export async function startIssuer(
  configuration: IssuerConfiguration,
  foundation: Foundation,
): Promise<RunningIssuer> {
  const shutdown = new Shutdown()
  try {
    return await startParts(await prepareBase(configuration, foundation), shutdown)
  } catch (error) {
    await shutdown.run()
    throw error
  }
}

async function startParts(base: Base, shutdown: Shutdown): Promise<RunningIssuer> {
  const { live, foundation, following } = base
  shutdown.add(() => markHistory(base))
  base.marked.begin(() => base.issuer.markHistory())
  shutdown.add(() => base.marked.stop())
  const mint = (): Promise<OwnCertificate> => mintOwnCertificate(base.issuer, live.configuration.tls)
  const own = await mint()
  const api = await startApi(base, own)
  shutdown.add(() => api.close())
  base.foundation.verifier?.attend(() => api.inProgress())
  const administration = await startAdministration({ ...base, shutdown })
  const metricsPort = await startMetrics(base, shutdown)
  const renewal = startRenewal(base, own, mint, api)
  shutdown.add(() => renewal.stop())
  const schedule = startSweeps(base)
  shutdown.add(() => schedule.stop())
  const { authorities } = base
  authorities.attach({ renewal, schedule })
  const parts = { live, foundation, api, renewal, schedule, authorities, administration }
  const gate = new ReloadGate()
  // The last to be added, and so the first to end.
  shutdown.add(() => gate.close())
  const reload = (next: IssuerConfiguration): Promise<void> => gate.pass(() => reloadIssuer(next, parts))
  return {
    port: api.port,
    metricsPort,
    failed: api.failed,
    ownSerial: () => renewal.current().serial,
    reload,
    follow(read) {
      const changed = (): void => void base.lookForAlarms()
      following.current = followConfiguration(read, { ...foundation, reload, changed })
      return following.current
    },
    stop: () => shutdown.run(),
  }
}

/** A store that is away keeps nobody from stopping: the mark of the last sweep stays. */
async function markHistory({ issuer, foundation: { log } }: Base): Promise<void> {
  await issuer
    .markHistory()
    .catch((error: unknown) => log.warn({ err: error }, 'the end of the history was not marked'))
}

async function prepareBase(configuration: IssuerConfiguration, given: Foundation): Promise<Base> {
  const { log, trace = loggingTrace(log) } = given
  const guard = createClockGuard(given.clock)
  const writes = watchWrites(given.store, given.clock)
  const marked = markCommits(guardStore(writes.store, guard), given.clock)
  const foundation = { ...given, trace, store: marked.store }
  const live = await firstSettings(configuration, foundation)
  const authorities = createLiveAuthorities(live, foundation)
  // A taint whose consequences a crash cut off, or that another issuer has set while this one was away.
  await authorities.heedTaints()
  const following: Following = {}
  const issuer = createLiveIssuer(live, foundation, { guard, writes, following }, authorities)
  const burnt = await issuer.recover()
  if (burnt.length > 0) {
    log.warn({ serials: burnt.map(({ serial }) => serial) }, 'serials burnt by an interrupted run')
  }
  const metrics = createLiveMetrics(live, foundation, { writes, following })
  const lookForAlarms = createAlarmWatch({ ...foundation, issuer, metrics })
  const answered = (answer: AnsweredRequest): void => {
    logAnswer(log, answer)
    trace.step('answered', { requestId: answer.passage.requestId, status: answer.status })
    metrics.answered(answer)
  }
  const readiness = createReadiness({
    ...foundation,
    authority: () => liveAuthority(live),
    clockJumpSeconds: () => guard.jumpSeconds(),
  })
  return {
    ...{ configuration, foundation, live, following, authorities, issuer, writes, marked, metrics },
    ...{ lookForAlarms, readiness, answered },
  }
}

function createLiveMetrics(
  live: LiveSettings,
  { clock, store }: Foundation,
  { writes, following }: { readonly writes: Pick<WatchedStore, 'trouble'>; readonly following: Following },
): IssuerMetrics {
  return createIssuerMetrics({
    clock,
    counts: () => store.counts(clock.now()),
    fleet: () => store.fleet(clock.now()),
    storeBytes: () => store.sizeBytes(),
    storeLogBytes: () => store.logBytes(),
    isWritable: () => writes.trouble() === undefined,
    isSigning: () => live.loaded.issuing.authority.signer.fault?.() === undefined,
    isReloadRefused: () => following.current?.refused() !== undefined,
    authorityNotAfter: () => live.loaded.issuing.authority.certificate.notAfter,
    bundleSequence: () => live.loaded.served.bundle.sequence,
  })
}

function startApi(base: Base, own: OwnCertificate): Promise<PublicServer> {
  const { foundation, live } = base
  return startPublicServer({
    ...base,
    ...foundation,
    openFront: foundation.openFront ?? openFront,
    material: own.material,
    timeouts: foundation.timeouts ?? serverTimeouts,
    limits: () => live.limits,
    bundle: () => live.loaded.served,
    tainted: () => base.authorities.noticed(),
    bundleMaxAgeSeconds: () => live.configuration.bundle.maxAgeSeconds,
  })
}

async function startMetrics(
  { configuration, metrics, readiness }: Base,
  shutdown: Shutdown,
): Promise<number | undefined> {
  const { listen } = configuration.metrics
  if (listen === undefined) return undefined
  const isReady = async (): Promise<boolean> => (await readiness()).ready
  const server = await startMetricsServer({ registry: metrics.registry, listen, isReady })
  shutdown.add(() => server.close())
  return server.address.port
}

function startRenewal(
  { foundation: { clock, random, log }, metrics }: Base,
  own: OwnCertificate,
  mint: () => Promise<OwnCertificate>,
  api: PublicServer,
): RunningRenewal {
  metrics.ownCertificate(own.notAfter)
  return startOwnCertificateRenewal(own, {
    clock,
    random,
    mint,
    install(next) {
      installOwnCertificate(api, next.material)
      metrics.ownCertificate(next.notAfter)
      log.info({ serial: next.serial }, 'own certificate renewed')
    },
    failed: (error) => log.error({ err: error }, 'own certificate not renewed'),
  })
}

function startSweeps(base: Base): SweepSchedule {
  const { configuration, issuer, metrics, writes, following } = base
  const { clock, log } = base.foundation
  // A disk at fault is told at once; the next sweep may be minutes away.
  writes.onChange(() => void base.lookForAlarms())
  base.foundation.hsm?.onChange(() => void base.lookForAlarms())
  return startSweepSchedule({
    cron: configuration.sweep.cron,
    clock,
    sweep: (options) => issuer.sweep(options),
    swept(report, durationMs) {
      metrics.swept(report, durationMs)
      log[report.failed > 0 || report.stopped !== undefined ? 'error' : 'info'](report, 'swept')
      void base.lookForAlarms()
      // What kept the configuration from being used may be gone without a change of the file: a group, a folder.
      void following.current?.retry()
    },
    failed(error) {
      metrics.sweepFailed()
      log.error({ err: error }, 'sweep failed')
    },
    skipped: () => log.warn('sweep left out: the one before still runs'),
  })
}
