import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { type ErrorCode, MayflyError, parseProblem } from '@mayfly/ca-core'
import { systemClock } from '@mayfly/platform'
import { errorStatus } from '../../src/api/error-status.ts'
import { createRateLimits } from '../../src/api/limits/rate-limits.ts'
import { bodyBytesMax } from '../../src/api/limits/server-limits.ts'
import { problemAnswer } from '../../src/api/problem.ts'
import type { Route } from '../../src/api/route.ts'
import { ask } from '../support/https-caller.ts'
import { echo, look } from '../support/test-routes.ts'
import { withServer } from '../support/test-server.ts'

test('refusal: every 429 and 503 → says when to come again', () => {
  const codes = Object.entries(errorStatus).filter(([, status]) => status === 429 || status === 503)
  assert.ok(codes.length >= 10)
  for (const [code] of codes) {
    const { headers } = problemAnswer(new MayflyError(code as ErrorCode, 'Not now.'), 'r')
    assert.ok(Number(headers['retry-after']) > 0, code)
  }
})

interface Refusal {
  readonly what: string
  readonly route: Route
  readonly send: Parameters<typeof ask>[2]
  readonly status: number
  readonly code: string
  readonly audited: boolean
  readonly header?: readonly [string, string]
}

const post = { method: 'POST', path: '/echo' } as const
const refusals: readonly Refusal[] = [
  {
    what: 'no token',
    route: echo('token'),
    send: { ...post, json: {} },
    status: 401,
    code: 'request-unauthenticated',
    audited: true,
    header: ['www-authenticate', 'Mayfly realm="issuer"'],
  },
  {
    what: 'bad JSON',
    route: echo('token'),
    send: { ...post, text: '{' },
    status: 400,
    code: 'request-invalid',
    audited: true,
  },
  {
    what: 'bad JSON where nothing is required',
    route: echo('nothing'),
    send: { ...post, text: '[1,' },
    status: 400,
    code: 'request-invalid',
    audited: true,
  },
  {
    what: 'a member twice',
    route: echo('admin'),
    send: { ...post, text: '{"say":"x","say":"x"}' },
    status: 400,
    code: 'request-invalid',
    audited: true,
  },
  {
    what: 'bytes that are no UTF-8',
    route: echo('nothing'),
    send: { ...post, text: Buffer.from([0x22, 0xff, 0x22]) },
    status: 400,
    code: 'request-invalid',
    audited: true,
  },
  {
    what: 'an empty body',
    route: echo('nothing'),
    send: { ...post, text: '' },
    status: 400,
    code: 'request-invalid',
    audited: true,
  },
  {
    what: 'an unknown member',
    route: echo('nothing'),
    send: { ...post, json: { say: 'x', and: 1 } },
    status: 400,
    code: 'request-invalid',
    audited: true,
  },
  {
    what: '__proto__ as a member',
    route: echo('nothing'),
    send: { ...post, text: '{"say":"x","__proto__":{"a":1}}' },
    status: 400,
    code: 'request-invalid',
    audited: true,
  },
  {
    what: 'another media type',
    route: echo('nothing'),
    send: { ...post, text: '{}', type: 'text/plain' },
    status: 415,
    code: 'media-type-unsupported',
    audited: true,
  },
  {
    what: 'no media type',
    route: echo('nothing'),
    send: { ...post, text: '{}', type: null },
    status: 415,
    code: 'media-type-unsupported',
    audited: true,
  },
  {
    what: 'two media types, the right one first',
    route: echo('nothing'),
    send: {
      ...post,
      text: '{"say":"x"}',
      type: null,
      headers: { 'content-type': ['application/json', 'text/plain'] },
    },
    status: 400,
    code: 'request-invalid',
    audited: true,
  },
  {
    what: 'two hosts',
    route: look,
    send: { method: 'GET', path: '/look/x', headers: { host: ['localhost', 'other.test'] } },
    status: 400,
    code: 'request-invalid',
    audited: false,
  },
  {
    what: 'a QUERY',
    route: look,
    send: { method: 'QUERY', path: '/look/x' },
    status: 405,
    code: 'method-not-allowed',
    audited: false,
    header: ['allow', 'GET, HEAD'],
  },
  {
    what: 'a QUERY of an unknown URL',
    route: look,
    send: { method: 'QUERY', path: '/nowhere' },
    status: 415,
    code: 'media-type-unsupported',
    audited: false,
  },
  {
    what: 'a body over the limit',
    route: echo('nothing'),
    send: { ...post, text: 'x'.repeat(bodyBytesMax + 1) },
    status: 413,
    code: 'body-too-large',
    audited: true,
  },
  {
    what: 'another method',
    route: echo('nothing'),
    send: { method: 'PUT', path: '/echo', json: {} },
    status: 405,
    code: 'method-not-allowed',
    audited: false,
    header: ['allow', 'POST'],
  },
  {
    what: 'another method on something to read',
    route: look,
    send: { method: 'POST', path: '/look/x', json: {} },
    status: 405,
    code: 'method-not-allowed',
    audited: false,
    header: ['allow', 'GET, HEAD'],
  },
  {
    what: 'an unknown URL',
    route: look,
    send: { method: 'GET', path: '/nowhere' },
    status: 404,
    code: 'not-found',
    audited: false,
  },
  {
    what: 'a URL that cannot be decoded',
    route: look,
    send: { method: 'GET', path: '/look/%ff' },
    status: 404,
    code: 'not-found',
    audited: false,
  },
  {
    what: 'a parameter without end',
    route: look,
    send: { method: 'GET', path: `/look/${'x'.repeat(200)}` },
    status: 404,
    code: 'not-found',
    audited: false,
  },
  {
    what: 'a mistake of ours',
    route: echo('nothing', { run: () => Promise.reject(new Error('/etc/secret')) }),
    send: { ...post, json: { say: 'x' } },
    status: 500,
    code: 'internal',
    audited: true,
  },
  {
    what: 'a full disk',
    route: echo('nothing', { run: () => Promise.reject(new MayflyError('disk-full', '/var/lib/x')) }),
    send: { ...post, json: { say: 'x' } },
    status: 503,
    code: 'disk-full',
    audited: true,
  },
  {
    what: 'a store that is away',
    route: echo('nothing', { run: () => Promise.reject(new MayflyError('store-unavailable', '/var/lib/x')) }),
    send: { ...post, json: { say: 'x' } },
    status: 503,
    code: 'store-unavailable',
    audited: true,
    header: ['retry-after', '10'],
  },
]

for (const { what, route: tried, send, status, code, audited: recorded, header } of refusals) {
  test(`request path: ${what} → ${status} ${code}`, async () => {
    await withServer({ routes: [tried] }, async ({ port, pki, audited }) => {
      const answer = await ask(port, pki.bundlePem, send)
      assert.equal(answer.status, status)
      assert.equal(answer.headers['content-type'], 'application/problem+json')
      const problem = answer.json as Record<string, unknown>
      assert.equal(problem.code, code)
      assert.equal(problem.status, status)
      assert.equal(problem.type, `urn:mayfly:error:${code}`)
      assert.equal(problem.requestId, answer.headers['x-request-id'])
      assert.deepEqual(Object.keys(problem).toSorted(), [
        'code',
        'detail',
        'requestId',
        'status',
        'title',
        'type',
      ])
      assert.doesNotMatch(answer.text, /secret|var\/lib|node_modules|\.ts/)
      if (header !== undefined) assert.equal(answer.headers[header[0]], header[1])
      assert.deepEqual(
        audited.map(({ reason, requestId }) => ({ reason, requestId })),
        recorded ? [{ reason: code, requestId: problem.requestId }] : [],
      )
    })
  })
}

test('problem: a message without end → a detail that every reader takes', () => {
  const { body } = problemAnswer(new MayflyError('names-not-allowed', 'x'.repeat(100_000)), 'id')
  assert.equal(parseProblem(body).code, 'names-not-allowed')
})

const one = { perMinute: 1, burst: 1 }
const oneOfEach = {
  newcomers: one,
  address: one,
  identity: one,
  enrolmentFailures: one,
  unproven: one,
  unprovenInAll: one,
}

for (const [what, send, status] of [
  ['a URL that cannot be decoded', { method: 'GET', path: '/look/%ff' }, 404],
  ['a parameter without end', { method: 'GET', path: `/look/${'x'.repeat(200)}` }, 404],
  ['an expectation that nobody knows', { method: 'GET', path: '/look/x', headers: { expect: 'x' } }, 200],
] as const) {
  test(`request path: ${what} → counted by the limits of its address, and told to the log`, async () => {
    const limits = createRateLimits(oneOfEach, systemClock)
    await withServer({ routes: [look], ports: { limits: () => limits } }, async (server) => {
      const { port, pki } = server
      const first = await ask(port, pki.bundlePem, send)
      assert.equal(first.status, status)
      assert.equal((await ask(port, pki.bundlePem, send)).status, 429)
      while (server.answered.length < 2) await once(server.events, 'answered')
      assert.deepEqual(
        server.answered.map((answered) => answered.status),
        [status, 429],
      )
    })
  })
}
