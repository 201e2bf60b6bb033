import type { IssuerAnswer } from '@mayfly/ca-core'
import type { IssuerPorts } from '../issuing/issuer-ports.ts'
import { requireContext } from '../issuing/require-context.ts'
import type { LineageContext, SecurityContext } from '../issuing/security-context.ts'
import { submitRequest } from '../lineage/submit-request.ts'
import type { AuditAttempt } from './audit-attempt.ts'
import { witnessReport } from './witness-report.ts'

/** A request of a lineage, after what its host remembers of the history was held against the history. */
export async function submitWitnessed(
  context: SecurityContext,
  attempt: AuditAttempt,
  ports: IssuerPorts,
): Promise<IssuerAnswer> {
  const lineage = requireContext(context, 'lineage')
  await witnessReport(lineage, attempt, ports)
  return submitRequest(withoutHead(lineage), attempt, ports)
}

/** The head was only for the comparison; kept for every identity, it would be most of what the store holds. */
function withoutHead(context: LineageContext): LineageContext {
  const { auditHead: _, ...report } = context.body.report
  return { ...context, body: { ...context.body, report } }
}
