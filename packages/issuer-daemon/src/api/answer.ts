import type { FastifyReply, FastifyRequest } from 'fastify'
import { callerIn } from './passage.ts'
import { type Answer, isAudited, type Route } from './route.ts'

/** Runs the use case of a route, closes the audit record, and only then answers. */
export async function answer(
  route: Route,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { passage } = request
  const { attempt } = passage
  if (attempt === undefined) throw new TypeError('the request path was not walked before the use case')
  const result = await route.run({
    requestId: passage.requestId,
    receivedAt: passage.receivedAt,
    caller: callerIn(passage),
    context: passage.context,
    input: passage.input,
    attempt,
    ifNoneMatch: request.headers['if-none-match'],
  })
  if (isAudited(route)) await attempt.close({ outcome: 'done' })
  return send(result, reply)
}

function send({ status, mediaType, headers, body }: Answer, reply: FastifyReply): FastifyReply {
  reply.code(status).headers({ ...headers })
  if (body === undefined) return reply.send()
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  // As bytes, so that nothing adds parameters to the media type.
  return reply.header('content-type', mediaType).send(Buffer.from(text))
}
