import { type ErrorCode, MayflyError } from '@mayfly/ca-core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { endingOfError } from '../audit/audit-attempt.ts'
import { openAttempt } from './audit-opening.ts'
import { addressForLimits } from './caller-address.ts'
import { errorStatus } from './error-status.ts'
import { problemAnswer, toMayflyError } from './problem.ts'
import type { RequestPathPorts } from './request-path-ports.ts'
import { isAudited } from './route.ts'

/** Records why a request was refused, then tells the caller. */
export async function refuse(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  ports: RequestPathPorts,
): Promise<FastifyReply> {
  const cause = wentAway(request) ? callerLeft : toMayflyError(error)
  countEnrolmentFailure(cause, request, ports)
  const refusal = await recorded(cause, request, ports)
  request.passage.refusal = refusal
  // What is left of a body that nobody read would stand before the next request.
  if (refusal.code === 'stopping' || !request.raw.complete) reply.header('connection', 'close')
  return sendProblem(reply, refusal, request.passage.requestId)
}

function sendProblem(reply: FastifyReply, refusal: MayflyError, requestId: string): FastifyReply {
  const { status, headers, body } = problemAnswer(refusal, requestId)
  return reply
    .code(status)
    .headers(headers)
    .send(Buffer.from(JSON.stringify(body)))
}

/**
 * Refusals that cost the caller nothing and would cost a durable write each: a flood must not fill the
 * disk. The metrics count them.
 */
const unrecorded: ReadonlySet<ErrorCode> = new Set(['rate-limited', 'overloaded', 'stopping'])

const callerLeft = new MayflyError('request-invalid', 'The connection ended before the body did.')

async function recorded(
  cause: MayflyError,
  request: FastifyRequest,
  ports: RequestPathPorts,
): Promise<MayflyError> {
  const route = request.routeOptions.config.declaration
  if (route === undefined || unrecorded.has(cause.code) || cause === callerLeft) return cause
  // An admin who tries what is not his leaves a record, whatever the method.
  if (!isAudited(route) && cause.code !== 'forbidden') return cause
  try {
    limitRecordsOfNobody(request, ports)
    const attempt = request.passage.attempt ?? openAttempt(request, ports)
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
function limitRecordsOfNobody({ passage }: FastifyRequest, ports: RequestPathPorts): void {
  const { context, address } = passage
  const limits = ports.limits()
  if (limits === undefined || (context.kind !== 'anonymous' && context.kind !== 'failed')) return
  limits.unproven.take(addressForLimits(address))
  limits.unprovenInAll.take(everyAddress)
}

/** The one name that all share. */
const everyAddress = 'all'

function countEnrolmentFailure(
  cause: MayflyError,
  request: FastifyRequest,
  { limits }: RequestPathPorts,
): void {
  const guessing = request.routeOptions.config.declaration?.requires === 'token'
  if (guessing && errorStatus[cause.code] < 500 && cause.code !== 'rate-limited' && cause !== callerLeft) {
    limits()?.enrolmentFailures.spend(addressForLimits(request.passage.address))
  }
}

function wentAway(request: FastifyRequest): boolean {
  return request.raw.destroyed && !request.raw.complete
}
