import type { RequestListener, Server } from 'node:http'
import fastify, { type FastifyInstance, type HTTPMethods } from 'fastify'
import type { FrontPorts } from '../core/request-path-ports.ts'
import { bodyBytesMax } from '../limits/server-limits.ts'
import type { RouteFace } from '../route.ts'
import { FrontPath } from './front-path.ts'
import { refuseBrokenHttp } from './https-server.ts'
import type { PlacedRoute } from './visit.ts'

/** Longer than a SHA-256 in hex or the longest identity name. */
const pathParameterCharactersMax = 128

const everyMethod: readonly HTTPMethods[] = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'QUERY',
]

/** What no route answers to. */
const nowhere = '/-'

/** Routes behind the request path, on a server that does not listen yet. */
export interface JsonServer {
  readonly app: FastifyInstance
  readonly server: Server
  /** Requests that the core has, and whose answers are not yet sent. */
  inProgress(): number
}

/**
 * JSON in and out, for routes of these faces, whose core is among the ports. `createServer` makes the server that will
 * listen; listening is left to the caller.
 */
export async function createJsonServer(
  faces: readonly RouteFace[],
  ports: FrontPorts,
  createServer: (listener: RequestListener) => Server,
): Promise<JsonServer> {
  const app: FastifyInstance = fastify({
    serverFactory: (listener) => createServer(listener),
    clientErrorHandler: refuseBrokenHttp,
    // A URL that cannot be read would walk none of the hooks, and be counted by no limit.
    frameworkErrors: (_error, { raw }, reply) => {
      raw.url = nowhere
      app.routing(raw, reply.raw)
    },
    bodyLimit: bodyBytesMax,
    routerOptions: { maxParamLength: pathParameterCharactersMax },
    logger: false,
    schemaController: { compilersFactory: noSchemas },
    // Our own hook answers in that case, with a problem document.
    return503OnClosing: false,
    exposeHeadRoutes: false,
  })

  // The same for an expectation that nobody knows: Node would answer 417 by itself. RFC 9110 10.1.1: it may be passed over.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response))
  takeBodiesAsBytes(app)
  const path = new FrontPath(ports)
  path.install(app)
  for (const [place, face] of faces.entries()) addRoute(app, { face, place }, path)
  for (const [url, methods] of methodsByUrl(faces)) addOtherMethods(app, url, methods)
  await app.ready()
  return { app, server: app.server, inProgress: () => path.inProgress() }
}

/** Our routes have no schema of the framework's, whose compilers are ten MiB that nobody would use. */
const noSchemas = { buildValidator: unused, buildSerializer: unused }

function unused(): never {
  throw new TypeError('a route has a schema of the framework')
}

/** Parsing is a step of the request path, so that what can't be parsed is refused and recorded there. */
function takeBodiesAsBytes(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
}

function addRoute(app: FastifyInstance, declaration: PlacedRoute, path: FrontPath): void {
  const { method, url, bodyBytesMax: bodyLimit } = declaration.face
  app.route({
    method: method === 'GET' ? ['GET', 'HEAD'] : method,
    url,
    ...(bodyLimit !== undefined && { bodyLimit }),
    config: { declaration },
    handler: (request, reply) => path.answer(declaration, request, reply),
  })
}

/** So that a known URL answers 405 with `Allow`, and only an unknown one 404 (RFC 9110 15.5.6). */
function addOtherMethods(app: FastifyInstance, url: string, allowed: readonly HTTPMethods[]): void {
  app.route({
    method: everyMethod.filter((method) => !allowed.includes(method)),
    url,
    config: { otherMethod: { allow: allowed.join(', ') } },
    handler: () => {
      throw new TypeError('other methods are refused before the handler')
    },
  })
}

function methodsByUrl(faces: readonly RouteFace[]): Map<string, HTTPMethods[]> {
  const byUrl = new Map<string, HTTPMethods[]>()
  for (const { url, method } of faces) {
    const methods: HTTPMethods[] = method === 'GET' ? ['GET', 'HEAD'] : [method]
    byUrl.set(url, [...(byUrl.get(url) ?? []), ...methods])
  }
  return byUrl
}
