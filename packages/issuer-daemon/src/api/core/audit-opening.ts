import type { AuditAttempt } from '../../audit/audit-attempt.ts'
import { actorOf } from '../../issuing/security-context.ts'
import type { RouteFace } from '../route.ts'
import { callerIn, type Passage } from './passage.ts'
import type { CorePorts } from './request-path-ports.ts'

/** Opens the record of what is being tried, with what is known of who tries it. */
export function openAttempt(
  passage: Passage,
  { action }: Pick<RouteFace, 'action'>,
  ports: Pick<CorePorts, 'openAudit'>,
): AuditAttempt {
  const { requestId, context } = passage
  passage.attempt = ports.openAudit({ requestId, action, ...callerIn(passage) })
  passage.attempt.learn({ actor: actorOf(context) })
  return passage.attempt
}
