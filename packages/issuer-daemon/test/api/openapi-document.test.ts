import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as z from 'zod'
import { openApiDocument } from '../../src/api/openapi-document.ts'
import { publicRoutes } from '../../src/api/public-api.ts'
import type { TrustNews } from '../../src/api/routes/bundle-route.ts'
import type { Issuer } from '../../src/issuing/issuer.ts'
import { type Answered, ask } from '../support/https-caller.ts'
import { startLiveIssuer } from '../support/live-issuer.ts'
import { heldFrom, newKey, postEnrolment, postRequest, signedRequest } from '../support/test-host.ts'

interface Operation {
  readonly requestBody?: { readonly content: object }
  readonly responses: Readonly<
    Record<
      string,
      {
        readonly content?: Readonly<Record<string, { schema: object }>>
        readonly headers?: Readonly<Record<string, { required?: boolean; schema: { pattern?: string } }>>
      }
    >
  >
}

type JsonSchema = Parameters<typeof z.fromJSONSchema>[0]

test('OpenAPI document: every route under /v1 → described, with its method and what it accepts', () => {
  const { paths } = openApiDocument() as { paths: Record<string, Record<string, Operation>> }
  const never = (): never => assert.fail('nothing is asked')
  const routes = publicRoutes({} as Issuer, {} as TrustNews, never).filter(({ url }) =>
    url.startsWith('/v1/'),
  )
  const described = Object.entries(paths).flatMap(([url, operations]) =>
    Object.entries(operations).map(([method, { requestBody }]) => [
      `${method.toUpperCase()} ${url}`,
      Object.keys(requestBody?.content ?? {}),
    ]),
  )
  const served = routes.map(({ method, url, accepts }) => [
    `${method} ${url.replace(/:(\w+)/, '{$1}')}`,
    accepts === undefined ? [] : [accepts],
  ])
  assert.deepEqual(new Map(described as never), new Map(served as never))
})

test('OpenAPI document: its references → all there', () => {
  const document = openApiDocument() as { components: { schemas: Record<string, unknown> } }
  const references = JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)
  for (const [, name = ''] of references) assert.ok(name in document.components.schemas, name)
})

test('OpenAPI document: what a whole issuer answers → as described: status, media type and every member', async () => {
  const document = openApiDocument() as {
    paths: Record<string, Record<string, Operation>>
    components: { schemas: Record<string, JsonSchema> }
  }
  const seen = new Set<string>()
  const assertDescribed = (method: string, path: string, answer: Answered): void => {
    const responses =
      document.paths[path]?.[method]?.responses ?? assert.fail(`${method} ${path} is not there`)
    const named = responses[answer.status] === undefined ? 'default' : String(answer.status)
    const content = Object.entries(responses[named]?.content ?? {})
    assert.deepEqual(
      content.map(([mediaType]) => mediaType),
      [answer.headers['content-type']].flat().filter(Boolean),
    )
    const reference = /schemas\/(\w+)/.exec(JSON.stringify(content))?.[1]
    const schema = document.components.schemas[reference ?? '']
    if (schema !== undefined) z.fromJSONSchema(schema).parse(answer.json)
    for (const [name, { required, schema }] of Object.entries(responses[named]?.headers ?? {})) {
      const value = answer.headers[name.toLowerCase()]
      if (value === undefined) assert.ok(required !== true, `${named} of ${path} lacks ${name}`)
      else assert.match(String(value), new RegExp(schema.pattern ?? ''), name)
    }
    seen.add(`${method} ${path} ${named}`)
  }
  const live = await startLiveIssuer()
  try {
    const get = (path: string, headers = {}) => ask(live.port, live.ca, { method: 'GET', path, headers })
    assertDescribed('get', '/v1/bundle', await get('/v1/bundle'))
    assertDescribed('get', '/v1/bundle', await get('/v1/bundle', { 'if-none-match': '"1"' }))
    assertDescribed('get', '/v1/bundle', await get('/v1/bundle?x=%'))
    const { token } = await live.admin.createToken({ identity: 'web-1', names: ['dns:web-1.test'] })
    const first = await newKey()
    const enrolled = await postEnrolment(live, token, { keyPair: first })
    assertDescribed('post', '/v1/enrollments', enrolled)
    assertDescribed('post', '/v1/enrollments', await postEnrolment(live, token))
    const [held, next] = [heldFrom(enrolled, first), await newKey()]
    assertDescribed('post', '/v1/requests', await postRequest(live, await signedRequest(held, { next })))
    const certificate = `/v1/certificates/${next.publicKey.hash}`
    assertDescribed('get', '/v1/certificates/{keyHash}', await get(certificate))
    const now = await signedRequest(held, { next, immediate: true })
    assertDescribed('post', '/v1/requests', await postRequest(live, now))
    assertDescribed('post', '/v1/requests', await postRequest(live, now))
    assertDescribed('get', '/v1/certificates/{keyHash}', await get(certificate))
    assertDescribed('get', '/v1/certificates/{keyHash}', await get('/v1/certificates/none'))
  } finally {
    await live.close()
  }
  const described = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, { responses }]) =>
      Object.keys(responses).map((status) => `${method} ${path} ${status}`),
    ),
  )
  assert.deepEqual(
    described.filter((one) => !seen.has(one)),
    ['get /v1/bundle default'],
  )
})
