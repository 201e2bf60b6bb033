import { type AuditHead, formatInstant } from '@mayfly/ca-core'
import { acceptedHistoryNote, keepAlarm } from '../alarms/kept-alarms.ts'
import type { IssuerPorts } from '../issuing/issuer-ports.ts'
import type { AuditRecord } from './audit-record.ts'
import { compareHead } from './compare-head.ts'

/** Who holds an end of the history that the history does not have, and what the audit is to say of that. */
export interface HeadHolder {
  /** As the alarm names it: an identity, or the issuer. */
  readonly name: string
  readonly record: Pick<AuditRecord, 'requestId' | 'identity' | 'address'>
}

type HistoryPorts = Pick<IssuerPorts, 'store' | 'clock' | 'trace'>

/**
 * How the history contradicts an end of it that was signed once; `undefined` where it does not, or where a restore or an
 * operator has explained it.
 */
export async function contradictionOf(
  head: AuditHead,
  { store, clock }: Pick<HistoryPorts, 'store' | 'clock'>,
): Promise<'rewritten' | 'shortened' | undefined> {
  const [found] = await store.auditRecords({ afterNumber: head.number - 1, limit: 1 })
  const comparison = compareHead(head, { ...(found && { found }) }, clock.now())
  if (comparison.holds !== false || (await isExplained(head, store))) return undefined
  return comparison.because
}

/** A backup was restored, or an operator has looked into it already. */
async function isExplained({ at }: AuditHead, store: HistoryPorts['store']): Promise<boolean> {
  const accepted = await store.note(acceptedHistoryNote)
  return accepted !== undefined && at <= Number(accepted)
}

/** An alarm that stays until an operator has looked into it. */
export async function raiseHistoryAlarm(
  because: 'rewritten' | 'shortened',
  head: AuditHead,
  { name, record }: HeadHolder,
  { store, clock, trace }: HistoryPorts,
): Promise<void> {
  const at = clock.now()
  const signedAt = formatInstant(head.at)
  await keepAlarm(
    {
      because: 'history-contradicted',
      message:
        `The audit was ${because}: ${name} holds record ${head.number} of ${signedAt}, signed by the authority, ` +
        'and the audit does not have it. Compare with your copies (mayfly audit export) and find out who wrote to the store.',
    },
    {
      ...record,
      at,
      action: 'audit.witness',
      actor: { kind: 'issuer' },
      outcome: 'failed',
      reason: `history-${because}`,
      details: { number: head.number, hash: head.hash, signedAt },
    },
    store,
  )
  trace.step('audit.contradicted', { identity: name, number: head.number, because })
}
