import type { FastifyRequest } from 'fastify'
import type { AuditAttempt } from '../audit/audit-attempt.ts'
import { actorOf } from '../issuing/security-context.ts'
import { callerIn } from './passage.ts'
import type { RequestPathPorts } from './request-path-ports.ts'

/** Opens the record of what is being tried, with what is known of who tries it. */
export function openAttempt(
  { passage, routeOptions }: FastifyRequest,
  ports: RequestPathPorts,
): AuditAttempt {
  const { requestId, context } = passage
  const action = routeOptions.config.declaration?.action ?? 'unknown'
  passage.attempt = ports.openAudit({ requestId, action, ...callerIn(passage) })
  passage.attempt.learn({ actor: actorOf(context) })
  return passage.attempt
}
