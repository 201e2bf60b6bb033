import {
  agentStatus,
  type CertificateStatus,
  type RotationAction,
  type StatusAlarm,
  type StatusReading,
} from '@mayfly/agent'
import { type Instant, secondMs } from '@mayfly/ca-core'
import type { JsonOf } from '../../json/json-fields.ts'
import { type Answer, columns, heading, onOneLine, table } from '../../terminal/answer.ts'
import type { Session } from '../session.ts'
import type { agentStatusJson } from './agent-json.ts'

export interface AgentStatusOptions {
  readonly config: string
  readonly json?: boolean
}

/** `mayfly agent status` */
export async function agentStatusCommand(
  options: AgentStatusOptions,
  session: Session,
): Promise<Answer<JsonOf<typeof agentStatusJson>>> {
  const { fileSystem, clock } = session
  const now = clock.now()
  const reading = await agentStatus(options.config, { fileSystem, now })
  const { status, level, alarms, exitCode } = reading
  return { json: { ...status, level, alarms }, lines: describe(reading, now), exitCode }
}

function describe({ status, level, alarms }: StatusReading, now: Instant): string[] {
  const { host = 'this host', state, certificates, version } = status
  const first = `${level.toUpperCase()}: ${host}, ${certificates.length} certificate(s), agent ${version} ${state}`
  const told = [
    ...alarms.map((alarm) => rowOf('(host)', alarm)),
    ...certificates.flatMap(({ name, alarms: own }) => own.map((alarm) => rowOf(name, alarm))),
  ]
  return [
    heading(first),
    ...(certificates.length === 0 ? [] : ['', ...describeCertificates(status, now)]),
    ...(told.length === 0 ? [] : ['', heading('Alarms'), ...columns(told)]),
  ]
}

function rowOf(about: string, { level, message, code }: StatusAlarm): readonly [string, string] {
  return [about, `${level}: ${onOneLine(message)} (${code})`]
}

function describeCertificates({ certificates, state }: StatusReading['status'], now: Instant): string[] {
  return table(
    ['CERTIFICATE', 'LEVEL', 'IDENTITY', 'GENERATION', 'SERIAL', 'EXPIRES', 'SERVED', 'NEXT'],
    certificates.map(({ name, level, identity = '-', installed, servedSerials, next, renewAt }) => [
      name,
      level,
      identity,
      installed === undefined ? '-' : String(installed.generation),
      installed?.serial ?? '-',
      installed === undefined ? '-' : fromNow(installed.notAfter, now),
      describeServing(installed, servedSerials),
      state === 'stopped' ? '-' : describeNext(next, renewAt, now),
    ]),
  )
}

/** Where no port is looked at, nobody knows what is served. */
function describeServing(
  installed: CertificateStatus['installed'],
  servedSerials: CertificateStatus['servedSerials'],
): string {
  if (installed === undefined) return '-'
  if (!installed.served) return 'not yet'
  return servedSerials?.length === 0 ? 'not probed' : 'yes'
}

/** The agent looks often; what a person wants to know is when the next certificate comes. */
function describeNext(next: CertificateStatus['next'], renewAt: string | undefined, now: Instant): string {
  if (renewAt !== undefined && Date.parse(renewAt) > now) return `renewal ${fromNow(renewAt, now)}`
  if (next === undefined) return '-'
  return `${nextDeeds[next.because as WaitReason] ?? next.because} ${fromNow(next.at, now)}`
}

type WaitReason = Extract<RotationAction, { do: 'wait' }>['because']

/** What follows each wait, for a person. An agent of another version may have other reasons. */
const nextDeeds: Readonly<Record<WaitReason, string>> = {
  'bundle-fresh': 'look at the issuer',
  scheduled: 'look for the certificate',
  'back-off': 'next try',
  'not-yet-valid': 'becomes valid',
  'half-life': 'goes on without the port',
  'ports-looked-at': 'look at the ports',
}

/** `in 11h 5m`, `3m ago`. */
function fromNow(time: string, now: Instant): string {
  const seconds = Math.round((Date.parse(time) - now) / secondMs)
  const size = Math.abs(seconds)
  const [hours, minutes] = [Math.floor(size / 3_600), Math.floor(size / 60) % 60]
  const shown = hours > 0 ? `${hours}h ${minutes}m` : minutes > 0 ? `${minutes}m` : `${size}s`
  return seconds < 0 ? `${shown} ago` : `in ${shown}`
}
