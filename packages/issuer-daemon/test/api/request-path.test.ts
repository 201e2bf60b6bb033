import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { MayflyError } from '@mayfly/ca-core'
import { systemClock } from '@mayfly/platform'
import fastify from 'fastify'
import * as z from 'zod'
import { FrontPath } from '../../src/api/front/front-path.ts'
import { createRateLimits } from '../../src/api/limits/rate-limits.ts'
import { jsonAnswer } from '../../src/api/route.ts'
import type { SecurityContext } from '../../src/issuing/security-context.ts'
import { ask } from '../support/https-caller.ts'
import { echo, look } from '../support/test-routes.ts'
import { startTestServer, type TestServerOptions, withServer } from '../support/test-server.ts'

const post = { method: 'POST', path: '/echo' } as const
const much = { perMinute: 60_000, burst: 1_000 }
const plenty = {
  address: much,
  identity: much,
  enrolmentFailures: much,
  unproven: much,
  unprovenInAll: much,
  newcomers: much,
}

test('request path: a route that does not declare what it requires → the server does not start', async () => {
  const app = fastify()
  new FrontPath({} as never).install(app)
  assert.throws(
    () => app.get('/open', async () => 'everyone'),
    /GET \/open does not declare what it requires/,
  )
})

test('request path: a good request → the answer, and one closed record', async () => {
  await withServer({ routes: [echo('nothing')] }, async ({ port, pki, audited }) => {
    const answer = await ask(port, pki.bundlePem, { method: 'POST', path: '/echo', json: { say: 'hello' } })
    assert.equal(answer.status, 200)
    assert.deepEqual(answer.json, { say: 'hello' })
    assert.equal(answer.headers['content-type'], 'application/json')
    assert.equal(answer.headers['cache-control'], 'no-store')
    assert.equal(audited.length, 1)
    assert.equal(audited[0]?.outcome, 'done')
    assert.equal(audited[0]?.requestId, answer.headers['x-request-id'])
    assert.equal(audited[0]?.address, '127.0.0.1')
  })
})

test('request path: order → limit, authenticate, open, authorise, validate, use case, close', async () => {
  const steps: string[] = []
  const limiter = (name: string) => ({
    take: () => void steps.push(`limit ${name}`),
    tryTake: () => assert.fail('connections are counted elsewhere'),
    check: () => void steps.push(`check ${name}`),
    spend: () => void steps.push(`spend ${name}`),
  })
  const said = z.object({ body: z.unknown() }).transform(() => void steps.push('validate'))
  const stepping = echo('lineage', {
    schema: said,
    run: async () => {
      steps.push('use case')
      return jsonAnswer({})
    },
  })
  const lineage = { kind: 'lineage', identity: 'web-1', lineage: 1, generation: 1 } as never
  const ports: NonNullable<TestServerOptions['ports']> = {
    limits: () => ({
      address: limiter('address'),
      identity: limiter('identity'),
      enrolmentFailures: limiter('failures'),
      unproven: limiter('unproven'),
      unprovenInAll: limiter('unproven in all'),
      connections: limiter('connections'),
      newcomers: limiter('newcomers'),
    }),
    authenticate: async () => {
      steps.push('authenticate')
      return lineage
    },
    openAudit: (opening) => {
      steps.push('open audit')
      const learn = (): void => void steps.push('learn')
      const close = async (): Promise<void> => void steps.push('close audit')
      return { ...opening, isConcluded: false, learn, close } as never
    },
    answered: () => void steps.push('answered'),
  }
  await withServer({ routes: [stepping], ports }, async ({ port, pki }) => {
    await ask(port, pki.bundlePem, { method: 'POST', path: '/echo', json: { say: 'x' } })
  })
  assert.deepEqual(steps, [
    'limit address',
    'authenticate',
    'limit identity',
    'open audit',
    'learn',
    'validate',
    'use case',
    'close audit',
    'answered',
  ])
})

for (const [what, requires, json] of [
  ['the refusal', 'token', {}],
  ['what was done', 'nothing', { say: 'x' }],
] as const) {
  test(`request path: a record that cannot be written → ${what} is not told, but 503`, async () => {
    const openAudit: NonNullable<TestServerOptions['ports']>['openAudit'] = (opening) =>
      ({
        ...opening,
        learn() {},
        close: () => Promise.reject(new MayflyError('store-unavailable', 'the disk is full')),
      }) as never
    await withServer({ routes: [echo(requires)], ports: { openAudit } }, async ({ port, pki }) => {
      const answer = await ask(port, pki.bundlePem, { ...post, json })
      assert.equal(answer.status, 503)
      assert.equal((answer.json as { code: string }).code, 'store-unavailable')
    })
  })
}

test('request path: more from one address than its limit → 429 with Retry-After and no record', async () => {
  const limits = createRateLimits({ ...plenty, address: { perMinute: 1, burst: 2 } }, systemClock)
  await withServer(
    { routes: [echo('nothing')], ports: { limits: () => limits } },
    async ({ port, pki, audited }) => {
      const send = () => ask(port, pki.bundlePem, { ...post, json: { say: 'x' } })
      assert.deepEqual([(await send()).status, (await send()).status], [200, 200])
      const limited = await send()
      assert.equal(limited.status, 429)
      assert.ok(Number(limited.headers['retry-after']) > 0)
      assert.equal(audited.length, 2)
    },
  )
})

test('request path: enrolments that fail → the next is refused before its body is looked at', async () => {
  const limits = createRateLimits({ ...plenty, enrolmentFailures: { perMinute: 1, burst: 2 } }, systemClock)
  await withServer(
    { routes: [echo('token'), look], ports: { limits: () => limits } },
    async ({ port, pki, audited }) => {
      const send = () => ask(port, pki.bundlePem, { ...post, json: {} })
      assert.deepEqual([(await send()).status, (await send()).status, (await send()).status], [401, 401, 429])
      assert.equal(audited.length, 2)
      assert.equal((await ask(port, pki.bundlePem, { method: 'GET', path: '/look/x' })).status, 200)
    },
  )
})

test('request path: more at once than are worked on → 503 overloaded', async () => {
  const gate = Promise.withResolvers<void>()
  const slow = echo('nothing', { run: () => gate.promise.then(() => jsonAnswer({})) })
  await withServer({ routes: [slow], ports: { inFlightMax: 1 } }, async ({ port, pki, inProgress }) => {
    const first = ask(port, pki.bundlePem, { ...post, json: { say: 'x' } })
    while (inProgress() === 0) await new Promise(setImmediate)
    const second = await ask(port, pki.bundlePem, { ...post, json: { say: 'x' } })
    assert.equal(second.status, 503)
    assert.equal((second.json as { code: string }).code, 'overloaded')
    gate.resolve()
    assert.equal((await first).status, 200)
  })
})

test('request path: stop → what was accepted is answered, then nothing is', async () => {
  const gate = Promise.withResolvers<void>()
  const slow = echo('nothing', { run: () => gate.promise.then(() => jsonAnswer({ done: true })) })
  const server = await startTestServer({ routes: [slow] })
  const accepted = ask(server.port, server.pki.bundlePem, { ...post, json: { say: 'x' } })
  while (server.inProgress() === 0) await new Promise(setImmediate)
  server.stop()
  const closed = server.close()
  await assert.rejects(
    ask(server.port, server.pki.bundlePem, { ...post, json: { say: 'x' } }),
    /ECONNREFUSED/,
  )
  gate.resolve()
  assert.deepEqual((await accepted).json, { done: true })
  await closed
})

test('request path: an answer → is told with route, status and code', async () => {
  await withServer({ routes: [echo('token')] }, async ({ port, pki, answered, events }) => {
    const told = once(events, 'answered')
    await ask(port, pki.bundlePem, { ...post, json: {} })
    await told
    assert.equal(answered[0]?.status, 401)
    assert.equal(answered[0]?.route?.action, 'echo')
    assert.equal(answered[0]?.passage.refusal?.code, 'request-unauthenticated')
  })
})

for (const bound of ['unproven', 'unprovenInAll'] as const) {
  test(`request path: a flood that proves nothing, over ${bound} → 429 and no record; proven callers go on`, async () => {
    const limits = createRateLimits({ ...plenty, [bound]: { perMinute: 1, burst: 2 } }, systemClock)
    const flooded: SecurityContext = { kind: 'failed', error: new MayflyError('lineage-unknown', 'No.') }
    const proven = { kind: 'lineage', identity: 'web-1', lineage: 1, generation: 1 } as never
    const ports: TestServerOptions['ports'] = {
      limits: () => limits,
      authenticate: async (_route, body) => ((body as { say: string }).say === 'proof' ? proven : flooded),
    }
    await withServer({ routes: [echo('lineage')], ports }, async ({ port, pki, audited }) => {
      const send = (say: string) => ask(port, pki.bundlePem, { ...post, json: { say } })
      const statuses: number[] = []
      for (const say of ['x', 'x', 'x', 'x', 'proof']) statuses.push((await send(say)).status)
      assert.deepEqual(statuses, [401, 401, 429, 429, 200])
      assert.deepEqual(
        audited.map(({ reason }) => reason),
        ['lineage-unknown', 'lineage-unknown', undefined],
      )
      const mistyped = await ask(port, pki.bundlePem, { ...post, text: '{}', type: 'text/plain' })
      assert.equal(mistyped.status, 429)
      assert.ok(Number(mistyped.headers['retry-after']) > 0)
    })
  })
}
