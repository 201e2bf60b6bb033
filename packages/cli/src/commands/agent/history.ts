import { agentHistory, type HistoryLine } from '@mayfly/agent'
import { formatInstant, type Instant, MayflyError, secondMs } from '@mayfly/ca-core'
import { durationSeconds } from '@mayfly/platform'
import type { JsonOf } from '../../json/json-fields.ts'
import { type Answer, table } from '../../terminal/answer.ts'
import type { Session } from '../session.ts'
import type { agentHistoryJson } from './agent-json.ts'
import { requireAgentUser } from './agent-user.ts'
import { setbackToJson } from './setback-to-json.ts'

export interface AgentHistoryOptions {
  readonly config: string
  readonly certificate?: string
  readonly since?: string
  readonly count?: string
  readonly json?: boolean
}

/** A screen or two; about two weeks of one certificate. */
const countDefault = 100

/** `mayfly agent history` */
export async function agentHistoryCommand(
  options: AgentHistoryOptions,
  session: Session,
): Promise<Answer<JsonOf<typeof agentHistoryJson>>> {
  const { config, certificate, since, count } = options
  const { fileSystem, clock } = session
  await requireAgentUser(config, fileSystem)
  const events = await agentHistory(config, fileSystem, {
    count: count === undefined ? countDefault : readCount(count),
    certificate,
    since: since === undefined ? undefined : readSince(since, clock.now()),
  })
  return { json: { events: events.map(lineToJson) }, lines: describe(events) }
}

type LineJson = JsonOf<typeof agentHistoryJson>['events'][number]

function lineToJson(line: HistoryLine): LineJson {
  switch (line.event) {
    case 'scheduled':
      return { ...line, mintAt: formatInstant(line.mintAt) }
    case 'received':
    case 'served':
      return { ...line, notAfter: formatInstant(line.notAfter) }
    case 'failed':
      return { ...line, setback: setbackToJson(line.setback) }
    default:
      return line
  }
}

/** `24h` back from now, or a time. */
function readSince(text: string, now: Instant): Instant {
  const duration = durationSeconds.safeParse(text)
  if (duration.success) return now - duration.data * secondMs
  const time = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(time)) return time
  throw new MayflyError(
    'usage',
    `--since ${JSON.stringify(text)}: write a duration such as 24h, or a time such as 2026-01-31T12:00:00Z.`,
  )
}

function readCount(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text)
  throw new MayflyError('usage', `--count ${JSON.stringify(text)}: write a number such as 20.`)
}

function describe(events: readonly HistoryLine[]): string[] {
  if (events.length === 0) return ['Nothing is written of that time.']
  return table(
    ['AT', 'CERTIFICATE', 'EVENT', 'DETAILS'],
    events.map((line) => [line.at, line.certificate, line.event, detailsOf(line)]),
  )
}

function detailsOf(line: HistoryLine): string {
  switch (line.event) {
    case 'enrolled':
      return `as ${line.identity}, serial ${line.serial}`
    case 'scheduled':
      return `the next certificate at ${formatInstant(line.mintAt)}`
    case 'received':
      return `serial ${line.serial}, until ${formatInstant(line.notAfter)}, from ${line.issuer}`
    case 'answer-refused':
      return `from ${line.issuer}: ${line.because}`
    case 'installed':
      return `generation ${line.generation}, serial ${line.serial} (${line.because})`
    case 'served':
      return `generation ${line.generation}, serial ${line.serial}, until ${formatInstant(line.notAfter)}`
    case 'put-back':
      return `generation ${line.generation}: ${line.paths.join(', ')}`
    case 'port-mended':
      return `generation ${line.generation}, after a reload: ${line.was}`
    case 'adopted':
      return `serial ${line.serial} (${line.because})`
    case 'bundle':
      return `trust bundle ${line.sequence}`
    case 'key-dropped':
      return line.because
    case 'failed':
      return `${line.track}, attempt ${line.setback.attempts}: ${line.setback.message} (${line.setback.code})`
    case 'recovered':
      return `${line.track}, after ${line.attempts} attempt(s)`
  }
}
