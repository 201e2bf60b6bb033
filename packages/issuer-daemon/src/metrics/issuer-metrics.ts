import { type Clock, type Instant, secondMs } from '@mayfly/ca-core'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { AnsweredRequest } from '../api/answered-request.ts'
import { type FleetView, viewFleet } from '../issuing/fleet-view.ts'
import type { Alarm } from '../issuing/issuer-status.ts'
import type { FleetFigures } from '../store/fleet-figures.ts'
import type { StoreCounts } from '../store/store.ts'
import type { SweepReport } from '../sweep/sweep-report.ts'

/** What is looked up when Prometheus asks. */
export interface MetricsSources {
  readonly clock: Clock
  counts(): Promise<StoreCounts>
  fleet(): Promise<FleetFigures>
  storeBytes(): Promise<number>
  /** Of that, what is in the log alone. */
  storeLogBytes(): Promise<number>
  /** Whether the last write to the store came through. */
  isWritable(): boolean
  /** Whether the key of the intermediate signs, as far as is known. */
  isSigning(): boolean
  /** `notAfter` of the intermediate; `undefined` while there is none. */
  authorityNotAfter(): Instant | undefined
  bundleSequence(): number
  /** Whether the files on disk could not be taken up, and older ones are in use. */
  isReloadRefused(): boolean
}

/** The figures of an issuer. Labels are actions, statuses and codes of our own: nothing that a caller sends. */
export interface IssuerMetrics {
  readonly registry: Registry
  answered(answer: AnsweredRequest): void
  swept(report: SweepReport, durationMs: number): void
  sweepFailed(): void
  ownCertificate(notAfter: Instant): void
  alarmed(alarms: readonly Alarm[]): void
}

export function createIssuerMetrics(sources: MetricsSources): IssuerMetrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  measureStore(registry, sources)
  measureFleet(registry, sources)
  measureAuthority(registry, sources)
  measureReloads(registry, sources)
  measureSigner(registry, sources)
  return {
    registry,
    ...measureRequests(registry),
    ...measureSweeps(registry, sources.clock),
    ...measureTls(registry),
    ...measureAlarms(registry),
  }
}

/** From a read on a quiet machine to the longest that a caller is kept. */
const requestSecondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]

function measureRequests(registry: Registry): Pick<IssuerMetrics, 'answered'> {
  const registers = [registry]
  const seconds = new Histogram({
    name: 'mayfly_request_seconds',
    help: 'Time from the headers of a request to the end of its answer.',
    labelNames: ['action', 'status'],
    buckets: requestSecondsBuckets,
    registers,
  })
  const refused = new Counter({
    name: 'mayfly_refused_total',
    help: 'Requests that were refused, by error code.',
    labelNames: ['code'],
    registers,
  })
  return {
    answered({ route, status, durationMs, passage: { refusal } }) {
      seconds.observe({ action: route?.action ?? 'unknown', status: String(status) }, durationMs / secondMs)
      if (refusal !== undefined) refused.inc({ code: refusal.code })
    },
  }
}

function measureSweeps(registry: Registry, clock: Clock): Pick<IssuerMetrics, 'swept' | 'sweepFailed'> {
  const registers = [registry]
  const gauge = (name: string, help: string) => new Gauge({ name: `mayfly_sweep_${name}`, help, registers })
  const duration = gauge('last_duration_seconds', 'How long the last sweep took.')
  const due = gauge('last_due', 'Keys that were due in the last sweep.')
  const minted = gauge('last_minted', 'Certificates that the last sweep minted.')
  const finished = gauge('last_finished_timestamp_seconds', 'When the last sweep was complete.')
  const failedKeys = new Counter({
    name: 'mayfly_sweep_failed_keys_total',
    help: 'Due keys not minted.',
    registers,
  })
  const failures = new Counter({
    name: 'mayfly_sweep_failures_total',
    help: 'Sweeps that broke off.',
    registers,
  })
  return {
    swept(report, durationMs) {
      duration.set(durationMs / secondMs)
      due.set(report.due)
      minted.set(report.minted)
      failedKeys.inc(report.failed)
      finished.set(clock.now() / secondMs)
    },
    sweepFailed: () => failures.inc(),
  }
}

function measureTls(registry: Registry): Pick<IssuerMetrics, 'ownCertificate'> {
  const notAfterSeconds = new Gauge({
    name: 'mayfly_own_certificate_not_after_timestamp_seconds',
    help: "End of the issuer's own TLS certificate.",
    registers: [registry],
  })
  return { ownCertificate: (notAfter) => notAfterSeconds.set(notAfter / secondMs) }
}

function measureAlarms(registry: Registry): Pick<IssuerMetrics, 'alarmed'> {
  const registers = [registry]
  const standing = new Gauge({
    name: 'mayfly_alarms',
    help: 'Alarms at the last sweep, by what they are about.',
    labelNames: ['because'],
    registers,
  })
  const warningDays = new Gauge({
    name: 'mayfly_authority_warning_days',
    help: 'The intermediate ends within so many days: 30, 14 or 7; 0 while its end is far.',
    registers,
  })
  const taintedLeaves = new Gauge({
    name: 'mayfly_tainted_leaves',
    help: 'Certificates of tainted intermediates that have not expired, at the last sweep.',
    registers,
  })
  return {
    alarmed(alarms) {
      standing.reset()
      for (const { because } of alarms) standing.inc({ because })
      warningDays.set(alarms.find(({ withinDays }) => withinDays !== undefined)?.withinDays ?? 0)
      taintedLeaves.set(alarms.reduce((sum, { liveLeaves = 0 }) => sum + liveLeaves, 0))
    },
  }
}

function measureAuthority(registry: Registry, { authorityNotAfter, bundleSequence }: MetricsSources): void {
  new Gauge({
    name: 'mayfly_authority_not_after_timestamp_seconds',
    help: 'End of the intermediate; 0 while there is none.',
    registers: [registry],
    collect() {
      this.set((authorityNotAfter() ?? 0) / secondMs)
    },
  })
  new Gauge({
    name: 'mayfly_bundle_sequence',
    help: 'Sequence of the trust bundle that is served.',
    registers: [registry],
    collect() {
      this.set(bundleSequence())
    },
  })
}

function measureSigner(registry: Registry, { isSigning }: MetricsSources): void {
  new Gauge({
    name: 'mayfly_signer_up',
    help: "Whether the intermediate's key signs, as far as is known; 0 while an HSM is away.",
    registers: [registry],
    collect() {
      this.set(isSigning() ? 1 : 0)
    },
  })
}

function measureReloads(registry: Registry, { isReloadRefused }: MetricsSources): void {
  new Gauge({
    name: 'mayfly_reload_refused',
    help: 'Whether the configuration on disk could not be taken up, and an older one is in use.',
    registers: [registry],
    collect() {
      this.set(isReloadRefused() ? 1 : 0)
    },
  })
}

const storeGauges = {
  identities: ['mayfly_identities', 'Identities.'],
  suspended: ['mayfly_identities_suspended', 'Identities that are suspended.'],
  staged: ['mayfly_keys_staged', 'Keys that wait for their certificate.'],
  overdue: ['mayfly_keys_overdue', 'Keys whose certificate should have been minted by now.'],
  certificates: ['mayfly_certificates_kept', 'Certificates that are kept in full.'],
  issued: ['mayfly_certificates_issued', 'Certificates ever issued from this store.'],
  burnt: ['mayfly_serials_burnt', 'Serials that were set aside and never used.'],
  openTokens: ['mayfly_tokens_open', 'Enrolment tokens that can still be used.'],
  auditRecords: ['mayfly_audit_records', 'Records in the audit.'],
} as const satisfies Partial<Record<keyof StoreCounts, readonly [name: string, help: string]>>

/** One look at the store for all of its figures. `mayfly_store_up` is 0 where that failed. */
function measureStore(
  registry: Registry,
  { counts, storeBytes, storeLogBytes, isWritable }: MetricsSources,
): void {
  const registers = [registry]
  const look = sharedWhilePending(() => counts().catch(() => undefined))
  for (const [count, [name, help]] of Object.entries(storeGauges)) {
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        const found = await look()
        if (found === undefined) this.reset()
        else this.set(found[count as keyof typeof storeGauges])
      },
    })
  }
  new Gauge({
    name: 'mayfly_store_up',
    help: 'Whether the store could be read.',
    registers,
    async collect() {
      this.set((await look()) === undefined ? 0 : 1)
    },
  })
  new Gauge({
    name: 'mayfly_store_writable',
    help: 'Whether the last write to the store came through.',
    registers,
    collect() {
      this.set(isWritable() ? 1 : 0)
    },
  })
  measureBytes(registry, 'mayfly_store_bytes', 'What the store takes on its disk.', storeBytes)
  const logHelp = 'What is in the log beside the store and could not be taken into its file yet.'
  measureBytes(registry, 'mayfly_store_log_bytes', logHelp, storeLogBytes)
}

function measureBytes(registry: Registry, name: string, help: string, read: () => Promise<number>): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    async collect() {
      const bytes = await read().catch(() => undefined)
      if (bytes === undefined) this.reset()
      else this.set(bytes)
    },
  })
}

/**
 * The hosts in sum. Versions are what callers say of themselves, so they are in the status and not here.
 */
function measureFleet(registry: Registry, { fleet, bundleSequence }: MetricsSources): void {
  const registers = [registry]
  const look = sharedWhilePending(() => fleet().catch(() => undefined))
  const gauge = (name: string, help: string, read: (figures: FleetFigures) => number): void => {
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        const figures = await look()
        if (figures === undefined) this.reset()
        else this.set(read(figures))
      },
    })
  }
  const view = ({ agents }: FleetFigures): FleetView => viewFleet(agents, bundleSequence())
  gauge(
    'mayfly_agents',
    'Identities whose agents have told of themselves.',
    (figures) => view(figures).agents,
  )
  gauge(
    'mayfly_agents_bundle_behind',
    'Of those, the ones that hold an older trust bundle than the one that is served.',
    (figures) => view(figures).agentsBehind,
  )
  gauge(
    'mayfly_oldest_unfetched_not_after_timestamp_seconds',
    'End of the certificate that has waited longest for its host; 0 where none waits.',
    ({ oldestUnfetched }) => (oldestUnfetched?.notAfter ?? 0) / secondMs,
  )
}

/** A scrape asks every gauge at once; they all wait for the same look. */
function sharedWhilePending<T>(look: () => Promise<T>): () => Promise<T> {
  let pending: Promise<T> | undefined
  return () => {
    pending ??= look().finally(() => {
      pending = undefined
    })
    return pending
  }
}
