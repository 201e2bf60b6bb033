import {
  type FileSystem,
  formatInstant,
  type Instant,
  isMayflyError,
  MayflyError,
  minuteMs,
} from '@mayfly/ca-core'
import { readStatusPlace, type StatusPlace } from '../configuration/status-place.ts'
import { statePaths } from '../state/state-folder.ts'
import { type AgentStatus, agentStatusSchema, type StatusAlarm } from './agent-status.ts'
import type { StatusLevel } from './alarm.ts'

/** As monitoring plug-ins have it: 0 all is well, 1 look at it today, 2 look at it now. */
export type MonitoringExitCode = 0 | 1 | 2

export interface StatusReading {
  readonly status: AgentStatus
  /** With what only the reader can know: a status that is old, a certificate that has expired since. */
  readonly level: StatusLevel
  readonly alarms: readonly StatusAlarm[]
  readonly exitCode: MonitoringExitCode
}

/** The agent writes at least once a minute; three missed minutes are a stop. */
const silenceMsMax = 3 * minuteMs

const exitCodes: Readonly<Record<StatusLevel, MonitoringExitCode>> = { ok: 0, warning: 1, critical: 2 }

/**
 * What the agent last told of itself, judged by the time now.
 *
 * @throws MayflyError `config-invalid`, `file-missing` where no agent has run yet, `state-invalid`
 */
export async function agentStatus(
  configPath: string,
  ports: { readonly fileSystem: FileSystem; readonly now: Instant },
): Promise<StatusReading> {
  const place = await readStatusPlace(ports.fileSystem, configPath)
  try {
    return judgeStatus(withMistake(await readStatusFile(ports.fileSystem, place), place), ports.now)
  } catch (error) {
    // Where nothing is written, the mistake is what keeps the agent from its first start.
    throw isMayflyError(error, 'file-missing') ? (place.mistake ?? error) : error
  }
}

/** A running agent tells of the mistake itself; one that is stopped cannot know of it. */
function withMistake(status: AgentStatus, { mistake }: StatusPlace): AgentStatus {
  if (mistake === undefined || status.alarms.some(({ code }) => code === 'config-invalid')) return status
  const message = `the configuration has a mistake: ${mistake.message}`
  return { ...status, alarms: [...status.alarms, { level: 'warning', code: 'config-invalid', message }] }
}

/** Where the status lies. */
export function statusPath(configuration: StatusPlace): string {
  return configuration.statusFile ?? statePaths.status(configuration.state)
}

/** Adds what time has brought since the status was written. */
export function judgeStatus(status: AgentStatus, now: Instant): StatusReading {
  const alarms = [...silence(status, now), ...expired(status, now), ...status.alarms]
  const levels = [status.level, ...alarms.map(({ level }) => level)]
  const level = levels.includes('critical') ? 'critical' : levels.includes('warning') ? 'warning' : 'ok'
  return { status, level, alarms, exitCode: exitCodes[level] }
}

function silence(status: AgentStatus, now: Instant): StatusAlarm[] {
  const isSilent = now - Date.parse(status.updatedAt) > silenceMsMax
  if (status.state === 'running' && !isSilent) return []
  const what = status.state === 'stopped' ? 'was stopped' : 'has said nothing'
  const message = `the agent ${what} since ${status.updatedAt}. Start it: systemctl start mayfly-agent, or mayfly agent run.`
  return [{ level: 'critical', code: 'stopping', message, since: status.updatedAt }]
}

function expired({ certificates }: AgentStatus, now: Instant): StatusAlarm[] {
  return certificates
    .filter(({ installed }) => installed !== undefined && Date.parse(installed.notAfter) <= now)
    .filter(({ alarms }) => !alarms.some(({ code }) => code === 'certificate-expired'))
    .map(({ name, installed }) => ({
      level: 'critical',
      code: 'certificate-expired',
      message: `the certificate ${name} expired at ${installed?.notAfter ?? formatInstant(now)}.`,
    }))
}

async function readStatusFile(fileSystem: FileSystem, place: StatusPlace): Promise<AgentStatus> {
  const path = statusPath(place)
  const content = await readStatus(fileSystem, path)
  const parsed = agentStatusSchema.safeParse(parseJson(content))
  if (parsed.success) return parsed.data
  throw new MayflyError(
    'state-invalid',
    `${path}: it is no status of an agent; start the agent, which writes it anew`,
    {
      details: { path },
    },
  )
}

async function readStatus(fileSystem: FileSystem, path: string): Promise<Uint8Array> {
  try {
    return await fileSystem.readFile(path)
  } catch (error) {
    if (isMayflyError(error, 'permission-denied')) throw closedToOthers(path, error)
    if (!isMayflyError(error, 'file-missing')) throw error
    throw new MayflyError(
      'file-missing',
      `${path}: no agent has run here yet; start it with \`mayfly agent run\``,
      {
        details: { path },
      },
    )
  }
}

/** The state folder is the agent's alone, and monitoring is most often somebody else. */
function closedToOthers(path: string, cause: MayflyError): MayflyError {
  return new MayflyError(
    'permission-denied',
    `${path}: permission denied; ask as the agent's user, or set status.file in agent.yaml to a place that others may read`,
    { details: { path }, cause },
  )
}

function parseJson(content: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(content))
  } catch {
    return undefined
  }
}
