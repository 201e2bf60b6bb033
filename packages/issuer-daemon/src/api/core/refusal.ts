import type { ErrorCode, MayflyError } from '@mayfly/ca-core'
import { endingOfError } from '../../audit/audit-attempt.ts'
import type { Told } from '../arrival.ts'
import { errorStatus } from '../error-status.ts'
import { addressForLimits } from '../limits/caller-address.ts'
import { problemAnswer, toMayflyError } from '../problem.ts'
import { type Answer, isAudited, type Route, type RouteFace } from '../route.ts'
import { openAttempt } from './audit-opening.ts'
import type { Passage } from './passage.ts'
import type { CorePorts } from './request-path-ports.ts'

/** Records why a request was refused, and only then says what the caller is told. */
export async function refuse(
  error: unknown,
  passage: Passage,
  route: Route,
  ports: CorePorts,
): Promise<Told> {
  const cause = toMayflyError(error)
  const refusal = await recorded(cause, passage, route, ports)
  passage.refusal = refusal
  const told = telling(refusalAnswer(refusal, passage.requestId), passage)
  return { ...told, isFailedEnrolment: isFailedEnrolment(cause, route) }
}

/** The problem document for a refusal. */
export function refusalAnswer(refusal: MayflyError, requestId: string): Answer {
  const { status, headers, body } = problemAnswer(refusal, requestId)
  const { 'content-type': mediaType = '', ...others } = headers
  return { status, mediaType, headers: others, body }
}

/** An answer as it goes out. */
export function telling(
  { status, mediaType, headers, body }: Answer,
  { context }: Pick<Passage, 'context'>,
): Told {
  const isProved = context.kind === 'lineage' || context.kind === 'token'
  const told = { status, headers: { ...headers }, isProved, isFailedEnrolment: false }
  if (body === undefined) return told
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return { ...told, headers: { ...headers, 'content-type': mediaType }, body: text }
}

/**
 * Refusals that cost the caller nothing and would cost a durable write each: a flood must not fill the
 * disk. The metrics count them.
 */
const unrecorded: ReadonlySet<ErrorCode> = new Set(['rate-limited', 'overloaded', 'stopping'])

/** Whether a refusal leaves a record, for which the core is needed. */
export function isRecorded({ code }: MayflyError, route: RouteFace): boolean {
  if (unrecorded.has(code)) return false
  // An admin who tries what is not his leaves a record, whatever the method.
  return isAudited(route) || code === 'forbidden'
}

async function recorded(
  cause: MayflyError,
  passage: Passage,
  route: Route,
  ports: CorePorts,
): Promise<MayflyError> {
  if (!isRecorded(cause, route)) return cause
  try {
    limitRecordsOfNobody(passage, ports)
    const attempt = passage.attempt ?? openAttempt(passage, route, ports)
    await attempt.close(endingOfError(cause))
    return cause
  } catch (error) {
    // Durable before the answer, refusals too: what can't be recorded is not told.
    return toMayflyError(error)
  }
}

/**
 * Anyone can send what proves nothing, and each record is a durable write that is kept. Beyond the
 * limit the answer is `rate-limited`, which needs none. Who proves who he is has limits of his own, and is
 * never kept out by such a flood.
 */
function limitRecordsOfNobody({ context, address }: Passage, ports: CorePorts): void {
  const limits = ports.limits()
  if (limits === undefined || (context.kind !== 'anonymous' && context.kind !== 'failed')) return
  limits.unproven.take(addressForLimits(address))
  limits.unprovenInAll.take(everyAddress)
}

/** The one name that all share. */
const everyAddress = 'all'

function isFailedEnrolment({ code }: MayflyError, { requires }: RouteFace): boolean {
  return requires === 'token' && errorStatus[code] < 500 && code !== 'rate-limited'
}
