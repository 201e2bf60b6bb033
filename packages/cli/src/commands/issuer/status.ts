import type { AuthorityView, IntermediateView, IssuerStatus, LastSweep } from '@mayfly/issuer-daemon'
import type { JsonOf } from '../../json/json-fields.ts'
import { type Answer, columns, heading, onOneLine, table } from '../../terminal/answer.ts'
import { openAdmin } from '../admin.ts'
import { monitoringExitCodes } from '../perform.ts'
import type { Session } from '../session.ts'
import type { issuerStatusJson } from './issuer-json.ts'
import type { IssuerStatusOptions } from './status-exit-code.ts'

/** `mayfly issuer status` */
export async function issuerStatus(
  options: IssuerStatusOptions,
  session: Session,
): Promise<Answer<JsonOf<typeof issuerStatusJson>>> {
  return statusAnswer(await (await openAdmin(options, session)).status())
}

/** The status for a program, for a person, and for monitoring. */
export function statusAnswer(status: IssuerStatus): Answer<JsonOf<typeof issuerStatusJson>> {
  return { json: status, lines: describe(status), exitCode: exitCodeOf(status) }
}

/** A week is what a ceremony may take. Without an intermediate or a clock nothing is minted: hosts run out of certificates within the day. */
const critical: readonly string[] = [
  'authority-missing',
  'authority-expired',
  'authority-tainted',
  'clock-wrong',
  'store-unavailable',
  'hsm-unavailable',
]

function exitCodeOf({ alarms }: IssuerStatus): number {
  if (alarms.some(({ because, withinDays }) => critical.includes(because) || withinDays === 7))
    return monitoringExitCodes.critical
  return alarms.length > 0 ? monitoringExitCodes.warning : monitoringExitCodes.ok
}

function describe(status: IssuerStatus): string[] {
  const { fleet, alarms, at } = status
  return [
    heading(alarms.length === 0 ? 'The issuer is well.' : 'The issuer needs to be looked at.'),
    ...columns([
      ['At', at],
      ['Trust bundle', status.bundleSequence === 0 ? '(none)' : `sequence ${status.bundleSequence}`],
      ['Last sweep', describeSweep(status.lastSweep)],
      ...storeRows(status),
    ]),
    ...section('Authorities', ['AUTHORITY', 'SUBJECT', 'SHA-256', 'UNTIL'], authorityRows(status)),
    ...(fleet === undefined ? [] : fleetSections(fleet)),
    ...(alarms.length === 0 ? [] : ['', heading('Alarms')]),
    ...(alarms.length === 0
      ? []
      : columns(alarms.map(({ because, message }) => [because, onOneLine(message)] as const))),
  ]
}

function storeRows({ counts, oldestUnfetched, storeBytes }: IssuerStatus): (readonly [string, string])[] {
  if (counts === undefined || storeBytes === undefined) return [['Store', 'cannot be read (see the alarm)']]
  return [
    ['Oldest unfetched', describeUnfetched(oldestUnfetched)],
    ['Store', `${(storeBytes / mebibyte).toFixed(1)} MiB`],
    ...Object.entries(counts).map(([name, value]) => [wordsOf(name), String(value)] as const),
  ]
}

function fleetSections(fleet: NonNullable<IssuerStatus['fleet']>): string[] {
  return [
    ...section(
      `Agents: ${fleet.agents}, ${fleet.agentsBehind} behind the trust bundle`,
      ['VERSION', 'AGENTS'],
      fleet.byVersion.slice(0, listedMax).map(({ version, agents }) => [version, String(agents)]),
    ),
    ...(fleet.agents === 0
      ? []
      : section(
          'Trust bundles that agents hold',
          ['SEQUENCE', 'AGENTS'],
          fleet.byBundleSequence
            .slice(0, listedMax)
            .map(({ bundleSequence, agents }) => [String(bundleSequence), String(agents)]),
        )),
  ]
}

/** All of them are in `--json`. */
const listedMax = 10

const mebibyte = 1_048_576

function section(title: string, header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return ['', heading(title), ...(rows.length === 0 ? [] : table(header, rows).map((line) => `  ${line}`))]
}

function authorityRows({ authority, intermediates, roots }: IssuerStatus): string[][] {
  const rowOf = (role: string, { subject, fingerprint, notAfter }: AuthorityView): string[] => [
    role,
    subject,
    fingerprint,
    notAfter,
  ]
  return [
    authority === undefined ? ['intermediate', '(none)', '-', '-'] : rowOf('intermediate', authority),
    ...intermediates.filter(({ slot }) => slot !== 'current').map(intermediateRow),
    ...roots.map((root) => rowOf('root', root)),
  ]
}

/** One beside the current intermediate. */
function intermediateRow(view: IntermediateView): string[] {
  const { slot, subject, fingerprint, notAfter, taintedAt, liveLeaves, hasKey } = view
  const facts = [
    ...(taintedAt === undefined ? [] : [`tainted ${taintedAt}`]),
    ...(liveLeaves === undefined ? [] : [`${liveLeaves} live certificate${liveLeaves === 1 ? '' : 's'}`]),
    ...(slot === 'retired' && !hasKey ? ['key destroyed'] : []),
  ]
  return [slotWords[slot], subject, fingerprint, [notAfter, ...facts].join(', ')]
}

const slotWords = { current: 'intermediate', next: 'prepared', retired: 'retired', other: 'other' } as const

function describeSweep(lastSweep: LastSweep | undefined): string {
  if (lastSweep === undefined) return '(none yet)'
  const { finishedAt, due, minted, failed, durationSeconds } = lastSweep
  return `${finishedAt}: ${due} due, ${minted} minted, ${failed} failed, in ${durationSeconds.toFixed(1)} s`
}

function describeUnfetched(oldest: IssuerStatus['oldestUnfetched']): string {
  return oldest === undefined ? '(none)' : `${oldest.identity}, until ${oldest.notAfter}`
}

/** `openTokens` as `Open tokens`. */
function wordsOf(name: string): string {
  const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`
}
