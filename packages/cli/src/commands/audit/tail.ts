import { MayflyError } from '@mayfly/ca-core'
import type { AuditRecordView } from '@mayfly/issuer-daemon'
import { stopSignals, watchReader } from '@mayfly/platform'
import { outputClosedExitCode } from '../../errors/exit-codes.ts'
import type { Answer } from '../../terminal/answer.ts'
import { printable } from '../../terminal/printable.ts'
import { type AdminOptions, openAdmin } from '../admin.ts'
import type { Session } from '../session.ts'
import { lineOf } from './export.ts'
import { readRecords } from './read-records.ts'

export interface AuditTailOptions extends AdminOptions {
  readonly lines: string
  readonly follow: boolean
  readonly json?: boolean
}

/** How often the issuer is asked for more. */
const pollMs = 1_000

/** `mayfly audit tail` */
export async function auditTail(options: AuditTailOptions, session: Session): Promise<Answer | undefined> {
  if (!/^\d{1,6}$/.test(options.lines)) throw new MayflyError('usage', '--lines takes a number, such as 100.')
  const admin = await openAdmin(options, session)
  const show = session.json ? lineOf : personLine
  let after = Math.max(0, (await admin.auditEnd()).number - Number(options.lines))
  const stop = stopSignals()
  const reader = options.follow ? watchReader() : undefined
  const signal = AbortSignal.any([stop.signal, ...(reader ? [reader.gone] : [])])
  try {
    for (;;) {
      for await (const record of readRecords(admin, after)) {
        if (record.text !== '') process.stdout.write(`${show(record)}\n`)
        after = record.number
      }
      if (!options.follow || signal.aborted) return undefined
      await session.clock.sleep(pollMs, signal).catch(() => undefined)
      if (signal.aborted) return undefined
    }
  } finally {
    stop.dispose()
    reader?.end()
    if (reader?.gone.aborted) process.exitCode = outputClosedExitCode
  }
}

interface ReadRecord {
  readonly at: string
  readonly action: string
  readonly outcome: string
  readonly actor: { readonly kind: string; readonly identity?: string; readonly name?: string }
  readonly reason?: string
  readonly identity?: string
  readonly address?: string
  readonly relay?: string
  readonly serial?: string
  readonly details?: { readonly dryRun?: boolean }
}

/** One line for a person. What comes from outside is made printable: a name cannot paint over the line. */
function personLine({ number, text }: AuditRecordView): string {
  const record = JSON.parse(text) as ReadRecord
  const { at, action, outcome, actor, reason, identity, address, relay, serial, details } = record
  const parts = [
    String(number),
    at,
    action,
    outcome,
    identity ?? actor.identity ?? '-',
    `by ${actor.kind}${actor.name === undefined ? '' : ` ${actor.name}`}`,
    ...(address === undefined ? [] : [`from ${address}${relay === undefined ? '' : ` by way of ${relay}`}`]),
    ...(reason === undefined ? [] : [`(${reason})`]),
    ...(details?.dryRun === true ? ['(dry run)'] : []),
    ...(serial === undefined ? [] : [`serial ${serial}`]),
  ]
  return printable(parts.join(' '))
}
