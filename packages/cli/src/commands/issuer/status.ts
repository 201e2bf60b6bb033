import type { IssuerStatus } from '@mayfly/issuer-daemon'
import { type Answer, columns, heading } from '../../terminal/answer.ts'
import { openAdmin } from '../admin.ts'
import { monitoringExitCodes } from '../perform.ts'
import type { Session } from '../session.ts'
import type { IssuerStatusOptions } from './status-exit-code.ts'

/** `mayfly issuer status` */
export async function issuerStatus(options: IssuerStatusOptions, session: Session): Promise<Answer> {
  const status = await (await openAdmin(options, session)).status()
  return { json: status, lines: describe(status), exitCode: exitCodeOf(status) }
}

/** A week is what a ceremony may take. Without an intermediate or a clock nothing is minted: hosts run out of certificates within the day. */
const critical: readonly string[] = ['authority-missing', 'authority-expired', 'clock-wrong']

function exitCodeOf({ alarms }: IssuerStatus): number {
  if (alarms.some(({ because, withinDays }) => critical.includes(because) || withinDays === 7))
    return monitoringExitCodes.critical
  return alarms.length > 0 ? monitoringExitCodes.warning : monitoringExitCodes.ok
}

function describe({ authority, bundleSequence, counts, lastSweep, alarms, at }: IssuerStatus): string[] {
  return [
    heading(alarms.length === 0 ? 'The issuer is well.' : 'The issuer needs to be looked at.'),
    ...columns([
      ['At', at],
      [
        'Intermediate',
        authority === undefined ? '(none)' : `${authority.subject}, until ${authority.notAfter}`,
      ],
      ['Trust bundle', bundleSequence === 0 ? '(none)' : `sequence ${bundleSequence}`],
      ...Object.entries(counts).map(([name, value]) => [wordsOf(name), String(value)] as const),
      [
        'Last sweep',
        lastSweep === undefined
          ? '(none yet)'
          : `${lastSweep.finishedAt}: ${lastSweep.minted} minted, ${lastSweep.failed} failed`,
      ],
      ...alarms.map(({ because, message }) => ['Alarm', `${message} (${because})`] as const),
    ]),
  ]
}

/** `activeIdentities` as `Active identities`. */
function wordsOf(name: string): string {
  const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`
}
