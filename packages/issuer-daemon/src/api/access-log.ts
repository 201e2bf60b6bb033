import type { ErrorCode } from '@mayfly/ca-core'
import type { Logger } from '@mayfly/platform'
import type { AnsweredRequest } from './answered-request.ts'

/** One line for each answer, with the id under which caller and audit know it. Nothing of the bodies. */
export function logAnswer(
  log: Logger,
  { passage, route, method, status, durationMs }: AnsweredRequest,
): void {
  const { requestId, address, relay, context, refusal } = passage
  const fields = {
    requestId,
    address,
    relay,
    method,
    action: route?.action,
    status,
    durationMs: Math.round(durationMs * 1_000) / 1_000,
    identity: context.kind === 'lineage' ? context.identity : undefined,
    code: refusal?.code,
  }
  if (status >= 500) log.error({ ...fields, err: refusal }, 'answered')
  else if (refusal !== undefined && alarms.has(refusal.code)) log.error({ ...fields, err: refusal }, 'alarm')
  // Whoever floods or probes should not fill the log as well.
  else if (route === undefined || method === 'GET' || refusal?.code === 'rate-limited')
    log.debug(fields, 'answered')
  else if (refusal !== undefined) log.warn(fields, 'answered')
  else log.info(fields, 'answered')
}

/** Refusals that a person has to look into. */
const alarms: ReadonlySet<ErrorCode> = new Set(['lineage-conflict'])
