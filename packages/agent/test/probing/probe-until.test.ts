import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../../../test/fakes/fake-clock.ts'
import type { ProbeEndpoint } from '../../src/probing/endpoint.ts'
import type { ProbeResult } from '../../src/probing/probe-result.ts'
import { type ProbeVerdict, probeUntil } from '../../src/probing/probe-until.ts'

const bundle = { sequence: 1, trustDomain: 'test.example', roots: [], distrusted: [] }
const endpoints = [1, 2, 3].map((port) => ({
  connect: { host: '127.0.0.1', port },
  serverName: 'web-1.example',
}))

/** What each endpoint shows, round by round; the last goes on for ever. `-` is a refused connection. */
type Script = readonly string[]

async function judge(scripts: readonly Script[], limitMs = 2_000): Promise<ProbeVerdict> {
  const clock = new FakeClock()
  const looks = new Map<ProbeEndpoint, number>()
  const verdict = probeUntil({
    endpoints: endpoints.slice(0, scripts.length),
    expectedSerial: 'new',
    bundle,
    clock,
    limitMs,
    probe: (endpoint) => {
      const look = looks.get(endpoint) ?? 0
      looks.set(endpoint, look + 1)
      const script = scripts[endpoint.connect.port - 1] ?? []
      return Promise.resolve(resultOf(endpoint, script[look] ?? script.at(-1) ?? '-'))
    },
  })
  await clock.advance(60_000)
  return verdict
}

function resultOf(endpoint: ProbeEndpoint, serial: string): ProbeResult {
  if (serial === '-') return { outcome: 'failed', endpoint, because: 'refused', message: 'nothing listens.' }
  const trust = { ok: true } as const
  return { outcome: 'served', endpoint, serial, fingerprint: '', notAfter: 0, handshake: 'completed', trust }
}

test('probe until: all serve the new one at once → served', async () => {
  const verdict = await judge([['new'], ['new']])
  assert.equal(verdict.outcome, 'served')
  assert.equal(verdict.outcome === 'served' && verdict.servedAfterMs, 0)
})

test('probe until: one is late, one restarts → served when all agree', async () => {
  const verdict = await judge([['old', 'new'], ['-', '-', 'new'], ['new']])
  assert.equal(verdict.outcome, 'served')
  assert.equal(verdict.outcome === 'served' && verdict.servedAfterMs, 150)
})

test('probe until: old and new take turns → only rounds after each other count', async () => {
  const verdict = await judge([['new', 'old', 'new', 'new', 'old', 'new']])
  assert.equal(verdict.outcome, 'served')
  assert.equal(verdict.rounds, 8)
})

test('probe until: two of three serve the new one → not served, and the third is named', async () => {
  const verdict = await judge([['new'], ['new'], ['old']])
  assert.equal(verdict.outcome, 'not-served')
  if (verdict.outcome !== 'not-served') return
  assert.deepEqual(
    verdict.problems.map(({ endpoint, because }) => [endpoint.connect.port, because]),
    [[3, 'other-serial']],
  )
  assert.match(verdict.message, /^127\.0\.0\.1:3: the server still serves old and not new; see its log/)
})

test('probe until: it never comes → ends at the limit', async () => {
  const verdict = await judge([['-']], 5_000)
  assert.equal(verdict.outcome, 'not-served')
  assert.ok(verdict.rounds >= 6 && verdict.rounds <= 12, String(verdict.rounds))
})

test('probe until: no endpoints → served, there is nothing to look at', async () => {
  assert.equal((await judge([])).outcome, 'served')
})

test('probe until: told to stop → rejects with the reason', async () => {
  const clock = new FakeClock()
  const stop = new AbortController()
  const verdict = probeUntil({
    endpoints: endpoints.slice(0, 1),
    expectedSerial: 'new',
    bundle,
    clock,
    signal: stop.signal,
    probe: (endpoint) => Promise.resolve(resultOf(endpoint, 'old')),
  })
  await clock.untilSleeping()
  stop.abort(new Error('stopping'))
  await assert.rejects(verdict, /stopping/)
})
