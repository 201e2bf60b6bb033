import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { MayflyError } from '@mayfly/ca-core'
import { systemClock } from '@mayfly/platform'
import { createIssuerMetrics } from '../../src/metrics/issuer-metrics.ts'
import { ask } from '../support/https-caller.ts'
import { type LiveIssuer, startLiveIssuer } from '../support/live-issuer.ts'
import { enrolled, postEnrolment } from '../support/test-host.ts'

let live: LiveIssuer
before(async () => {
  live = await startLiveIssuer({ yaml: 'metrics: { listen: "127.0.0.1:0" }' })
})
after(() => live.close())

async function scrape(): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${live.issuer.metricsPort}/metrics`)
  assert.equal(answer.status, 200)
  return answer.text()
}

test('metrics: an issuer at work → its figures in the first look', async () => {
  const order = { identity: 'web-1', profile: 'server', names: ['dns:web-1.test'] } as const
  await enrolled(live, (await live.admin.createToken(order)).token)
  await postEnrolment(live, 'no.token.here')
  const text = await scrape()
  assert.match(text, /^mayfly_identities 2$/m)
  assert.match(text, /^mayfly_certificates_issued 2$/m)
  assert.match(text, /^mayfly_serials_burnt 0$/m)
  assert.match(text, /^mayfly_store_up 1$/m)
  assert.match(text, /^mayfly_store_writable 1$/m)
  assert.match(text, /^mayfly_signer_up 1$/m)
  assert.match(text, /^mayfly_refused_total\{code="token-invalid"\} 1$/m)
  assert.match(text, /^mayfly_request_seconds_count\{action="enroll",status="200"\} 1$/m)
  assert.match(text, /^mayfly_sweep_last_due 0$/m)
  assert.match(text, /^mayfly_agents 1$/m)
  assert.match(text, /^mayfly_agents_bundle_behind 0$/m)
  assert.match(text, /^mayfly_oldest_unfetched_not_after_timestamp_seconds 0$/m)
  assert.match(text, /^mayfly_store_bytes [1-9]\d+$/m)
  const notAfter = /^mayfly_authority_not_after_timestamp_seconds (\S+)$/m.exec(text)?.[1]
  assert.ok(Number(notAfter) * 1_000 > systemClock.now())
})

test('metrics: whatever callers send → no label of theirs', async () => {
  const before = await scrape()
  for (const path of ['/evil"}\n', '/%00', '/v1/nothing', '/v1/certificates/zz']) {
    await ask(live.port, live.ca, { method: 'GET', path: encodeURI(path) })
  }
  const text = await scrape()
  assert.doesNotMatch(text, /evil|nothing|zz|web-1|127\.0\.0\.1/)
  const series = (all: string) =>
    all.split('\n').filter((line) => line.startsWith('mayfly_request_seconds_count'))
  assert.ok(series(text).length <= series(before).length + 3)
})

test('metrics: readiness beside them → as the API says', async () => {
  const answer = await fetch(`http://127.0.0.1:${live.issuer.metricsPort}/readyz`)
  assert.equal(answer.status, 200)
})

test('metrics: a store that is away → the rest is still told', async () => {
  const { registry } = createIssuerMetrics({
    clock: systemClock,
    counts: () => Promise.reject(new MayflyError('store-unavailable', 'gone')),
    fleet: () => Promise.reject(new MayflyError('store-unavailable', 'gone')),
    storeBytes: () => Promise.reject(new MayflyError('store-unavailable', 'gone')),
    storeLogBytes: () => Promise.reject(new MayflyError('store-unavailable', 'gone')),
    isWritable: () => false,
    isSigning: () => false,
    isReloadRefused: () => false,
    authorityNotAfter: () => undefined,
    bundleSequence: () => 7,
  })
  const text = await registry.metrics()
  assert.match(text, /^mayfly_store_up 0$/m)
  assert.match(text, /^mayfly_store_writable 0$/m)
  assert.match(text, /^mayfly_signer_up 0$/m)
  assert.match(text, /^mayfly_bundle_sequence 7$/m)
  assert.match(text, /^mayfly_authority_not_after_timestamp_seconds 0$/m)
})
