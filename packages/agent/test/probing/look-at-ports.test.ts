import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ProbeEndpoint } from '../../src/probing/endpoint.ts'
import { type LookOptions, lookAtPorts } from '../../src/probing/look-at-ports.ts'
import type { FailedResult, ProbeResult } from '../../src/probing/probe-result.ts'

const endpointAt = (port: number): ProbeEndpoint => ({
  connect: { host: '127.0.0.1', port },
  serverName: 'web-1.example',
})
const right = served('aa')
const other = served('bb')

function served(serial: string): Result {
  return {
    outcome: 'served',
    serial,
    fingerprint: '',
    notAfter: 0,
    handshake: 'completed',
    trust: { ok: true },
  }
}

function failed(because: FailedResult['because']): Result {
  return { outcome: 'failed', because, message: `it is ${because}.` }
}

type Result = ProbeResult extends infer One ? (One extends unknown ? Omit<One, 'endpoint'> : never) : never

/** Looks at as many endpoints as there are lists; each list is what one endpoint shows, look for look. */
async function look(...shown: readonly (readonly Result[])[]) {
  const pauses: number[] = []
  const looks = shown.map(() => 0)
  const sight = await lookAtPorts({
    endpoints: shown.map((_, index) => endpointAt(index)),
    expectedSerial: 'aa',
    clock: { sleep: async (ms) => void pauses.push(ms) },
    bundle: {} as LookOptions['bundle'],
    async probe(endpoint) {
      const index = endpoint.connect.port
      const results = shown[index] ?? []
      const result = results[Math.min(looks[index] ?? 0, results.length - 1)]
      looks[index] = (looks[index] ?? 0) + 1
      return { ...result, endpoint } as ProbeResult
    },
  })
  return { sight, rounds: pauses.length + 1 }
}

describe('a look at the ports between rotations', () => {
  test('all serve what they should → served, after one look', async () => {
    assert.deepEqual(await look([right], [right]), { sight: { is: 'served' }, rounds: 1 })
  })

  test('one serves another → other, after three looks, with the endpoint, both serials and its end', async () => {
    const { sight, rounds } = await look([right], [other])
    assert.equal(rounds, 3)
    assert.equal(sight.is, 'other')
    assert.match(sight.is === 'other' ? sight.message : '', /127\.0\.0\.1:1.*serves bb.*1970-01-01.*not aa/)
  })

  test('one serves another for a moment → served', async () => {
    assert.deepEqual(await look([other, failed('refused'), right]), { sight: { is: 'served' }, rounds: 3 })
  })

  for (const because of ['refused', 'unresolved', 'unreachable', 'timeout', 'closed'] as const) {
    test(`${because} → down: perhaps somebody has stopped it`, async () => {
      const { sight } = await look([failed(because)], [right])
      assert.deepEqual(sight, { is: 'down', message: `it is ${because}.` })
    })
  }

  for (const because of ['not-tls', 'no-certificate', 'key-unproven'] as const) {
    test(`${because} → other: no client can use what is there`, async () => {
      assert.equal((await look([failed(because)])).sight.is, 'other')
    })
  }

  test('one is down and another serves something else → other', async () => {
    assert.equal((await look([failed('refused')], [other])).sight.is, 'other')
  })
})
