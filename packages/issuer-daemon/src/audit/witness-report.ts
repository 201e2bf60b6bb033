import {
  type Certificate,
  type FlattenedJws,
  parseCertificateChain,
  readAuditHead,
  verifyAuditHead,
} from '@mayfly/ca-core'
import type { IssuerPorts } from '../issuing/issuer-ports.ts'
import type { LineageContext } from '../issuing/security-context.ts'
import type { AuditAttempt } from './audit-attempt.ts'
import { contradictionOf, raiseHistoryAlarm } from './history-alarm.ts'

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
  const { head } = read
  const because = await contradictionOf(head, ports)
  if (because === undefined) return
  // Only now: a signature costs more than the look, and nearly every head holds.
  if (!isOurs(auditHead, [...parseCertificateChain(signer.chain.pem), ...currentAuthority(ports)])) return
  const { requestId, address } = attempt
  const record = { requestId, identity, ...(address !== undefined && { address }) }
  await raiseHistoryAlarm(because, head, { name: identity, record }, ports)
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
