import type { AuditRecordView } from '@mayfly/issuer-daemon'
import type { Answer } from '../../terminal/answer.ts'
import { type AdminOptions, openAdmin } from '../admin.ts'
import { readTime } from '../read-time.ts'
import type { Session } from '../session.ts'
import { readRecords } from './read-records.ts'

export interface AuditExportOptions extends AdminOptions {
  readonly since?: string
  readonly identity?: string
  readonly json?: boolean
}

/** `mayfly audit export`: one line for each record, as it was hashed. */
export async function auditExport(
  options: AuditExportOptions,
  session: Session,
): Promise<Answer | undefined> {
  const admin = await openAdmin(options, session)
  const since =
    options.since === undefined ? undefined : readTime('--since', options.since, session.clock.now())
  for await (const record of readRecords(admin, 0)) {
    if (record.text !== '' && matches(record, since, options.identity))
      process.stdout.write(`${lineOf(record)}\n`)
  }
  return undefined
}

/** The record's own text stands in it unchanged, so that whoever has the line can compute the hash again. */
export function lineOf({ number, hash, text }: AuditRecordView): string {
  return `{"number":${number},"hash":"${hash}","record":${text}}`
}

function matches(
  { text }: AuditRecordView,
  since: number | undefined,
  identity: string | undefined,
): boolean {
  const record = JSON.parse(text) as { at: string; identity?: string; actor: { identity?: string } }
  if (since !== undefined && Date.parse(record.at) < since) return false
  return identity === undefined || record.identity === identity || record.actor.identity === identity
}
