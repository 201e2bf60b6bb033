import {
  type AuditHead,
  type Certificate,
  type FlattenedJws,
  formatInstant,
  parseCertificateChain,
  readAuditHead,
  verifyAuditHead,
} from '@mayfly/ca-core'
import { acceptedHistoryNote, keepAlarm } from '../alarms/kept-alarms.ts'
import type { IssuerPorts } from '../issuing/issuer-ports.ts'
import type { LineageContext } from '../issuing/security-context.ts'
import type { AuditAttempt } from './audit-attempt.ts'
import { compareHead } from './compare-head.ts'

type WitnessPorts = Pick<IssuerPorts, 'store' | 'clock' | 'authority' | 'trace'>

/**
 * Holds the end of the history that a host was given once against the history as it is. A contradiction is an
 * alarm that stays until somebody has looked into it; the host is never refused for it.
 *
 * What a host reports counts only with the authority's signature on it, so that no host can cry wolf.
 */
export async function witnessReport(
  { body, signer, identity }: LineageContext,
  attempt: AuditAttempt,
  ports: WitnessPorts,
): Promise<void> {
  const { auditHead } = body.report
  const read = auditHead && readAuditHead(auditHead)
  if (auditHead === undefined || read === undefined) return
  const { store, clock } = ports
  const { head } = read
  const [found] = await store.auditRecords({ afterNumber: head.number - 1, limit: 1 })
  const comparison = compareHead(head, { ...(found && { found }) }, clock.now())
  if (comparison.holds !== false || (await isExplained(head, store))) return
  // Only now: a signature costs more than the look, and nearly every head holds.
  if (!isOurs(auditHead, [...parseCertificateChain(signer.chain.pem), ...currentAuthority(ports)])) return
  await alarm(comparison.because, head, { identity, attempt }, ports)
}

/** A backup was restored, or an operator has looked into it already. */
async function isExplained({ at }: AuditHead, store: WitnessPorts['store']): Promise<boolean> {
  const accepted = await store.note(acceptedHistoryNote)
  return accepted !== undefined && at <= Number(accepted)
}

function isOurs(jws: FlattenedJws, authorities: readonly Certificate[]): boolean {
  return authorities.some((certificate) => verifyAuditHead(jws, certificate) !== undefined)
}

function currentAuthority({ authority }: WitnessPorts): Certificate[] {
  try {
    return [authority().authority.certificate]
  } catch {
    return []
  }
}

async function alarm(
  because: 'rewritten' | 'shortened',
  head: AuditHead,
  { identity, attempt }: { readonly identity: string; readonly attempt: AuditAttempt },
  ports: WitnessPorts,
): Promise<void> {
  const { store, clock, trace } = ports
  const at = clock.now()
  const signedAt = formatInstant(head.at)
  const { requestId, address } = attempt
  await keepAlarm(
    {
      because: 'history-contradicted',
      message:
        `The audit was ${because}: ${identity} holds record ${head.number} of ${signedAt}, signed by the authority, ` +
        'and the audit does not have it. Compare with your copies (mayfly audit export) and find out who wrote to the store.',
    },
    {
      at,
      requestId,
      action: 'audit.witness',
      actor: { kind: 'issuer' },
      outcome: 'failed',
      reason: `history-${because}`,
      identity,
      ...(address !== undefined && { address }),
      details: { number: head.number, hash: head.hash, signedAt },
    },
    store,
  )
  trace.step('audit.contradicted', { identity, number: head.number, because })
}
