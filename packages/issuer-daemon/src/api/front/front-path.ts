import { MayflyError } from '@mayfly/ca-core'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import type { Caller } from '../../issuing/security-context.ts'
import type { Arrival, Sent, Told } from '../arrival.ts'
import { callerIn } from '../core/passage.ts'
import { isRecorded, refusalAnswer, telling } from '../core/refusal.ts'
import type { FrontPorts } from '../core/request-path-ports.ts'
import { addressForLimits } from '../limits/caller-address.ts'
import type { Relays } from '../limits/relays.ts'
import { toMayflyError } from '../problem.ts'
import { mediaTypeOf, receiveBody } from '../request-body.ts'
import { newRequestId, requestIdHeader } from '../request-id.ts'
import { countInFlight, type InFlight } from './in-flight.ts'
import { requireSingleHeaders } from './single-headers.ts'
import type { PlacedRoute, Visit } from './visit.ts'

/**
 * The first and the last steps of every request: it is met, limited by its address and read; its answer is sent, and
 * told of. What lies between is the core's (`request-path.ts`).
 */
export class FrontPath {
  readonly #ports: FrontPorts
  readonly #inFlight: InFlight = countInFlight()

  constructor(ports: FrontPorts) {
    this.#ports = ports
  }

  /** Requests that the core has, and whose answers are not yet sent. */
  inProgress(): number {
    return this.#inFlight.count
  }

  install(server: FastifyInstance): void {
    server.decorateRequest('visit', null as unknown as Visit)
    server.addHook('onRoute', requireDeclaration)
    server.addHook('onRequest', async (request, reply) => this.#meet(request, reply))
    server.setErrorHandler(async (error, request, reply) => this.#refuse(error, request, reply))
    server.setNotFoundHandler(async () => {
      throw new MayflyError('not-found', 'There is nothing at this URL.')
    })
    server.addHook('onResponse', async (request, reply) => this.#finish(request, reply))
  }

  /** The handler of a route. */
  async answer(
    { face, place }: PlacedRoute,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    if (this.#inFlight.count >= this.#ports.inFlightMax)
      throw new MayflyError('overloaded', 'Too many requests are in progress.')
    const body = receiveBody(
      face.accepts === undefined ? undefined : (request.body as Uint8Array | undefined),
    )
    const ifNoneMatch = request.headers['if-none-match']
    const told = await this.#handOver(request, {
      ...arrivalOf(request, place),
      body,
      ...(ifNoneMatch !== undefined && { ifNoneMatch }),
    })
    return send(told, reply)
  }

  /** Before the body is read. */
  #meet(request: FastifyRequest, reply: FastifyReply): void {
    const { clock, random, relays, stopping } = this.#ports
    request.visit = {
      requestId: newRequestId(random),
      receivedAt: clock.now(),
      startedMs: clock.monotonic(),
      ...callerOf(request, relays?.()),
    }
    reply.header(requestIdHeader, request.visit.requestId)
    if (stopping()) throw new MayflyError('stopping', 'The issuer is stopping.')
    this.#limitAddress(request)
    requireSingleHeaders(request.raw.rawHeaders)
    refuseMisdirected(request, reply)
  }

  #limitAddress(request: FastifyRequest): void {
    const limits = this.#ports.limits()
    if (limits === undefined) return
    const caller = addressForLimits(request.visit.address)
    limits.address.take(caller)
    if (declarationOf(request)?.face.requires === 'token') limits.enrolmentFailures.check(caller)
  }

  /**
   * Counts from here, not from the headers on: a caller that sends its body slowly holds a connection,
   * but no place among the requests that are worked on.
   */
  async #handOver(request: FastifyRequest, arrival: Arrival): Promise<Told> {
    const { visit } = request
    const { limits, core, proved } = this.#ports
    const taken = core.take(arrival)
    visit.taken = taken
    // The answer that was on its way may still be told of in this turn.
    const cut = (): void => void setImmediate(() => this.#end(visit))
    visit.admission = this.#inFlight.admit(request.raw.socket, cut)
    const told = await taken.told
    if (told.isProved) proved?.(visit.address)
    if (told.isFailedEnrolment) limits()?.enrolmentFailures.spend(addressForLimits(visit.address))
    return told
  }

  async #refuse(error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const refusal = wentAway(request) ? callerLeft : toMayflyError(error)
    // What is left of a body that nobody read would stand before the next request.
    if (refusal.code === 'stopping' || !request.raw.complete) reply.header('connection', 'close')
    return send(await this.#refusalTold(refusal, request), reply)
  }

  async #refusalTold(refusal: MayflyError, request: FastifyRequest): Promise<Told> {
    const declaration = declarationOf(request)
    const { visit } = request
    const isForCore =
      declaration !== undefined && refusal !== callerLeft && isRecorded(refusal, declaration.face)
    if (isForCore && visit.taken === undefined)
      return this.#handOver(request, { ...arrivalOf(request, declaration.place), refusal })
    visit.refusal = refusal
    return telling(refusalAnswer(refusal, visit.requestId), nobody)
  }

  #finish(request: FastifyRequest, reply: FastifyReply): void {
    const { visit, method } = request
    const { clock, core } = this.#ports
    visit.admission?.end()
    const sent = { method, status: reply.statusCode, durationMs: clock.monotonic() - visit.startedMs }
    if (visit.taken !== undefined && visit.refusal === undefined) {
      this.#end(visit, sent)
      return
    }
    this.#end(visit)
    const { requestId, refusal } = visit
    const known = { requestId, ...callerIn(visit), ...(refusal && { refusal }) }
    const passage = { ...known, context: { kind: 'anonymous' } as const }
    core.answered({ passage, route: declarationOf(request)?.face, ...sent })
  }

  #end(visit: Visit, sent?: Sent): void {
    const { taken } = visit
    if (taken === undefined || visit.isEnded === true) return
    visit.isEnded = true
    taken.ended(sent)
  }
}

const nobody = { context: { kind: 'anonymous' } } as const

const callerLeft = new MayflyError('request-invalid', 'The connection ended before the body did.')

function send({ status, headers, body }: Told, reply: FastifyReply): FastifyReply {
  reply.code(status).headers({ ...headers })
  // As bytes, so that nothing adds parameters to the media type.
  return body === undefined ? reply.send() : reply.send(Buffer.from(body))
}

function arrivalOf({ visit, params, query }: FastifyRequest, route: number): Arrival {
  const { requestId, receivedAt } = visit
  return { route, requestId, receivedAt, ...callerIn(visit), params, query, body: nothing }
}

const nothing = { received: true, text: '' } as const

/** A route that forgot to say who may use it would be open to everyone: better not to start. */
function requireDeclaration({ url, method, config }: RouteOptions): void {
  if (config?.declaration === undefined && config?.otherMethod === undefined) {
    throw new TypeError(`route ${String(method)} ${url} does not declare what it requires`)
  }
}

function callerOf(request: FastifyRequest, relays: Relays | undefined): Caller {
  const peer = request.socket.remoteAddress ?? 'local'
  if (relays === undefined) return { address: peer }
  // One that came several times is one list (RFC 9110 5.3).
  const forwardedFor = request.raw.headersDistinct['x-forwarded-for']?.join(',')
  return relays.callerOf(peer, forwardedFor)
}

function refuseMisdirected(request: FastifyRequest, reply: FastifyReply): void {
  const { declaration, otherMethod } = request.routeOptions.config
  if (otherMethod !== undefined) {
    reply.header('allow', otherMethod.allow)
    throw new MayflyError('method-not-allowed', `This URL takes ${otherMethod.allow}.`)
  }
  const accepts = declaration?.face.accepts
  if (accepts !== undefined && mediaTypeOf(request.headers['content-type']) !== accepts) {
    throw new MayflyError('media-type-unsupported', `This URL takes ${accepts}.`)
  }
}

function wentAway(request: FastifyRequest): boolean {
  return request.raw.destroyed && !request.raw.complete
}

function declarationOf(request: FastifyRequest): PlacedRoute | undefined {
  return request.routeOptions.config.declaration
}
