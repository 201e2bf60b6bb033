import { MayflyError } from '@mayfly/ca-core'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import type { Caller } from '../issuing/security-context.ts'
import { openAttempt } from './audit-opening.ts'
import { authorise } from './authorisation.ts'
import { addressForLimits } from './caller-address.ts'
import { countInFlight, type InFlight } from './in-flight.ts'
import { callerIn, type Passage } from './passage.ts'
import { refuse } from './refusal.ts'
import type { Relays } from './relays.ts'
import { mediaTypeOf, type ReadBody, readJsonBody } from './request-body.ts'
import { newRequestId, requestIdHeader } from './request-id.ts'
import type { RequestPathPorts } from './request-path-ports.ts'
import type { Route } from './route.ts'
import { requireSingleHeaders } from './single-headers.ts'
import { validateInput } from './validation.ts'

/**
 * The way of every request, in this order: limit → authenticate → open the audit record → authorise →
 * validate → use case → close the audit record → answer. The use case and what follows are in
 * `answer.ts`, refusals in `refusal.ts`.
 */
export function installRequestPath(
  server: FastifyInstance,
  ports: RequestPathPorts,
): { inProgress(): number } {
  const inFlight = countInFlight()
  server.decorateRequest('passage', null as unknown as Passage)
  server.addHook('onRoute', requireDeclaration)

  // One hook for each moment: every hook costs the framework a turn of its own.
  server.addHook('onRequest', async (request, reply) => meet(request, reply, ports))
  server.addHook('preValidation', async (request) => examine(request, ports, inFlight))

  server.setErrorHandler(async (error, request, reply) => refuse(error, request, reply, ports))
  server.setNotFoundHandler(async () => {
    throw new MayflyError('not-found', 'There is nothing at this URL.')
  })
  server.addHook('onResponse', async (request, reply) => finish(request, reply, ports))
  return { inProgress: () => inFlight.count }
}

/** A route that forgot to say who may use it would be open to everyone: better not to start. */
function requireDeclaration({ url, method, config }: RouteOptions): void {
  if (config?.declaration === undefined && config?.otherMethod === undefined) {
    throw new TypeError(`route ${String(method)} ${url} does not declare what it requires`)
  }
}

/** Before the body is read. */
function meet(request: FastifyRequest, reply: FastifyReply, ports: RequestPathPorts): void {
  begin(request, reply, ports)
  limitAddress(request, ports)
  requireSingleHeaders(request.raw.rawHeaders)
  refuseMisdirected(request, reply)
}

/** With the body, which proves who asks. */
async function examine(request: FastifyRequest, ports: RequestPathPorts, inFlight: InFlight): Promise<void> {
  admit(request, ports, inFlight)
  await authenticate(request, ports)
  limitIdentity(request, ports)
  openAttempt(request, ports)
  authoriseCaller(request)
  validate(request)
}

function begin(
  request: FastifyRequest,
  reply: FastifyReply,
  { clock, random, stopping, relays }: RequestPathPorts,
): void {
  request.passage = {
    requestId: newRequestId(random),
    receivedAt: clock.now(),
    startedMs: clock.monotonic(),
    ...callerOf(request, relays?.()),
    context: { kind: 'anonymous' },
  }
  reply.header(requestIdHeader, request.passage.requestId)
  if (stopping()) throw new MayflyError('stopping', 'The issuer is stopping.')
}

function callerOf(request: FastifyRequest, relays: Relays | undefined): Caller {
  const peer = request.socket.remoteAddress ?? 'local'
  if (relays === undefined) return { address: peer }
  // One that came several times is one list (RFC 9110 5.3).
  const forwardedFor = request.raw.headersDistinct['x-forwarded-for']?.join(',')
  return relays.callerOf(peer, forwardedFor)
}

function limitAddress(request: FastifyRequest, ports: RequestPathPorts): void {
  const limits = ports.limits()
  if (limits === undefined) return
  const caller = addressForLimits(request.passage.address)
  limits.address.take(caller)
  if (declarationOf(request)?.requires === 'token') limits.enrolmentFailures.check(caller)
}

function refuseMisdirected(request: FastifyRequest, reply: FastifyReply): void {
  const { declaration, otherMethod } = request.routeOptions.config
  if (otherMethod !== undefined) {
    reply.header('allow', otherMethod.allow)
    throw new MayflyError('method-not-allowed', `This URL takes ${otherMethod.allow}.`)
  }
  const accepts = declaration?.accepts
  if (accepts !== undefined && mediaTypeOf(request.headers['content-type']) !== accepts) {
    throw new MayflyError('media-type-unsupported', `This URL takes ${accepts}.`)
  }
}

/**
 * Counts from here, not from the headers on: a caller that sends its body slowly holds a connection,
 * but no place among the requests that are worked on.
 */
function admit(request: FastifyRequest, { inFlightMax }: RequestPathPorts, inFlight: InFlight): void {
  if (inFlight.count >= inFlightMax) throw new MayflyError('overloaded', 'Too many requests are in progress.')
  request.passage.admission = inFlight.admit(request.raw.socket)
}

async function authenticate(request: FastifyRequest, ports: RequestPathPorts): Promise<void> {
  const route = declarationOf(request)
  if (route === undefined) return
  const body = bodyOf(request, route)
  request.passage.context = body.read
    ? await ports.authenticate(route, body.value, callerIn(request.passage))
    : { kind: 'failed', error: body.error }
}

function limitIdentity(request: FastifyRequest, { limits, delegateLimit }: RequestPathPorts): void {
  const { context } = request.passage
  if (context.kind === 'lineage') limits()?.identity.take(context.identity)
  if (context.kind === 'admin' && context.rights.is === 'delegate')
    delegateLimit?.()?.take(context.rights.name)
}

function authoriseCaller(request: FastifyRequest): void {
  const route = declarationOf(request)
  if (route !== undefined) authorise(route, request.passage.context)
}

function validate(request: FastifyRequest): void {
  const route = declarationOf(request)
  if (route === undefined) return
  const { context } = request.passage
  // A broken body of a route that requires no proof comes to light only here.
  if (context.kind === 'failed') throw context.error
  const body = bodyOf(request, route)
  request.passage.input = validateInput(route, {
    params: request.params,
    query: request.query,
    body: body.read ? body.value : undefined,
  })
}

function finish(request: FastifyRequest, reply: FastifyReply, ports: RequestPathPorts): void {
  const { passage } = request
  passage.admission?.end()
  ports.answered({
    passage,
    route: declarationOf(request),
    method: request.method,
    status: reply.statusCode,
    durationMs: ports.clock.monotonic() - passage.startedMs,
  })
}

function declarationOf(request: FastifyRequest): Route | undefined {
  return request.routeOptions.config.declaration
}

function bodyOf(request: FastifyRequest, route: Route): ReadBody {
  if (route.accepts === undefined) return { read: true, value: undefined }
  const { passage } = request
  passage.body ??= readJsonBody(request.body as Uint8Array | undefined)
  return passage.body
}
