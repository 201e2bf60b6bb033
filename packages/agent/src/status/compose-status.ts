import { formatInstant, type Instant, isMayflyError, minuteMs, secondMs } from '@mayfly/ca-core'
import type { KeeperView } from '../rotation/certificate-keeper.ts'
import type { Wait } from '../rotation/rotation-action.ts'
import { isServed, liveGeneration } from '../state/lineage-state.ts'
import type { IssuerSight } from '../transport/watch-issuers.ts'
import type { AgentStatus, CertificateStatus, StatusAlarm } from './agent-status.ts'
import { type Alarm, worstLevel } from './alarm.ts'
import { certificateAlarms, identityAlarms } from './certificate-alarms.ts'
import { issuerAlarms, originOf, type Refusal } from './issuer-alarms.ts'
import { withRemedy } from './remedies.ts'

/** What a keeper shows of itself. */
export interface KeptCertificate {
  readonly name: string
  readonly view: KeeperView
  /** What kept it from planning at all. */
  readonly failure?: unknown
  readonly next?: Wait
}

export interface StatusFacts {
  readonly version: string
  readonly pid: number
  /** What this machine calls itself. */
  readonly host: string
  readonly startedAt: Instant
  readonly now: Instant
  readonly state: AgentStatus['state']
  readonly configPath: string
  /** Of the newest file, which is not in use. */
  readonly configurationProblem?: string | undefined
  readonly clockOffsetSeconds: number
  /** What was last seen of each issuer, by origin. */
  readonly issuers: ReadonlyMap<string, IssuerSight>
  readonly certificates: readonly KeptCertificate[]
}

/** Leaves are backdated by five minutes; clocks off by more make trouble. */
const clockOffsetSecondsMax = (5 * minuteMs) / secondMs

/** The status as it is written to `status.json`. */
export function composeStatus(facts: StatusFacts): AgentStatus {
  const certificates = facts.certificates.map((certificate) => composeCertificate(certificate, facts.now))
  const own = ownAlarms(facts)
  const all = [...own, ...certificates.flatMap(({ alarms }) => alarms)] as Alarm[]
  return {
    format: 1,
    version: facts.version,
    pid: facts.pid,
    host: facts.host,
    startedAt: formatInstant(facts.startedAt),
    updatedAt: formatInstant(facts.now),
    state: facts.state,
    level: worstLevel(all),
    configuration: {
      path: facts.configPath,
      ...(facts.configurationProblem !== undefined && { problem: facts.configurationProblem }),
    },
    clockOffsetSeconds: facts.clockOffsetSeconds,
    alarms: own.map(showAlarm),
    certificates,
  }
}

/** The alarms of one certificate, those included that keep it from being planned for at all. */
export function keptAlarms({ view, failure }: KeptCertificate, now: Instant): Alarm[] {
  const planned =
    view.state === undefined
      ? []
      : [...certificateAlarms(view.state, now), ...identityAlarms(view.state, view.wantedIdentity)]
  return failure === undefined ? planned : [failureAlarm(failure), ...planned]
}

function composeCertificate(kept: KeptCertificate, now: Instant): CertificateStatus {
  const alarms = keptAlarms(kept, now)
  const { name, view, next } = kept
  const { state, held } = view
  const live = state === undefined ? undefined : liveGeneration(state)
  const mintAt = state?.staged?.promise?.mintAt
  return {
    name,
    level: worstLevel(alarms),
    alarms: alarms.map(showAlarm),
    ...(state !== undefined && {
      identity: state.identity,
      profile: state.profile,
      names: state.names,
      servedSerials: state.servedSerials,
    }),
    ...(view.issuerUrls !== undefined && { issuers: view.issuerUrls }),
    ...(held !== undefined && { bundleSequence: held.bundle.sequence }),
    ...(live !== undefined && {
      installed: {
        generation: live.number,
        serial: live.serial,
        notAfter: formatInstant(live.notAfter),
        served: state !== undefined && isServed(state),
      },
    }),
    ...(mintAt !== undefined && { renewAt: formatInstant(mintAt) }),
    ...(next !== undefined && { next: { at: formatInstant(next.until), because: next.because } }),
  }
}

function ownAlarms({
  configurationProblem,
  clockOffsetSeconds,
  issuers,
  certificates,
}: StatusFacts): Alarm[] {
  const alarms: Alarm[] = []
  if (configurationProblem !== undefined) {
    const message = `the configuration was changed and has a mistake; the one before stays in use: ${configurationProblem}`
    alarms.push({ level: 'warning', code: 'config-invalid', message })
  }
  if (Math.abs(clockOffsetSeconds) > clockOffsetSecondsMax) {
    const direction = clockOffsetSeconds > 0 ? 'ahead of' : 'behind'
    const message = `the clock of this host is ${Math.abs(clockOffsetSeconds)} s ${direction} the issuer's. Set it.`
    alarms.push({ level: 'warning', code: 'clock-wrong', message })
  }
  const urls = certificates.flatMap(({ view }) => view.issuerUrls ?? [])
  return [...alarms, ...issuerAlarms(urls, issuers, certificates.flatMap(refusalsOf))]
}

/** Of the issuers that are configured for this certificate now. */
function refusalsOf({ name, view }: KeptCertificate): Refusal[] {
  const origins = (view.issuerUrls ?? []).map(originOf)
  return (view.state?.refusedIssuers ?? [])
    .filter(({ issuer }) => origins.includes(issuer))
    .map((refused) => ({ ...refused, certificate: name }))
}

function failureAlarm(failure: unknown): Alarm {
  const code = isMayflyError(failure) ? failure.code : 'internal'
  const message = failure instanceof Error ? failure.message : String(failure)
  return { level: 'critical', code, message: withRemedy(code, message) }
}

function showAlarm({ since, ...alarm }: Alarm): StatusAlarm {
  return { ...alarm, ...(since !== undefined && { since: formatInstant(since) }) }
}
