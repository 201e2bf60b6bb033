import { agentStatus, type CertificateStatus, type StatusReading } from '@mayfly/agent'
import { type Answer, columns, heading } from '../../terminal/answer.ts'
import type { Session } from '../session.ts'

export interface AgentStatusOptions {
  readonly config: string
  readonly json?: boolean
}

/** `mayfly agent status` */
export async function agentStatusCommand(options: AgentStatusOptions, session: Session): Promise<Answer> {
  const { fileSystem, clock } = session
  const reading = await agentStatus(options.config, { fileSystem, now: clock.now() })
  const { status, level, alarms, exitCode } = reading
  return { json: { ...status, level, alarms }, lines: describe(reading), exitCode }
}

function describe({ status, level, alarms }: StatusReading): string[] {
  const first = `${level.toUpperCase()}: ${status.certificates.length} certificate(s), agent ${status.state}`
  const told = alarms.map(({ level: alarmLevel, message }) => [alarmLevel, message] as const)
  return [
    heading(first),
    ...(told.length === 0 ? [] : columns(told)),
    ...status.certificates.flatMap((certificate) => ['', ...describeCertificate(certificate)]),
  ]
}

function describeCertificate(certificate: CertificateStatus): string[] {
  const { name, level, identity, installed, servedSerials = [], renewAt, next, alarms } = certificate
  const rows: (readonly [string, string])[] = [['Level', level]]
  if (identity !== undefined) rows.push(['Identity', identity])
  if (installed !== undefined) {
    rows.push(['Generation', `${installed.generation}${installed.served ? ', served' : ', not served yet'}`])
    rows.push(['Serial', installed.serial], ['Until', installed.notAfter])
  }
  for (const serial of servedSerials) rows.push(['On live ports', serial])
  if (renewAt !== undefined) rows.push(['Renewal', renewAt])
  if (next !== undefined) rows.push(['Next', `${next.at} (${next.because})`])
  for (const alarm of alarms) rows.push([alarm.level, alarm.message])
  return [heading(name), ...columns(rows)]
}
