import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openApiDocument } from '../../src/api/openapi-document.ts'
import { publicRoutes } from '../../src/api/public-api.ts'
import type { Issuer } from '../../src/issuing/issuer.ts'

interface Operation {
  readonly requestBody?: { readonly content: object }
  readonly responses: object
}

test('OpenAPI document: every route under /v1 → described, with its method and what it accepts', () => {
  const { paths } = openApiDocument() as { paths: Record<string, Record<string, Operation>> }
  const never = (): never => assert.fail('nothing is asked')
  const routes = publicRoutes({} as Issuer, never, never).filter(({ url }) => url.startsWith('/v1/'))
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
