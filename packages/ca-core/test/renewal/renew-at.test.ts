import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeRandom } from '../../../../test/fakes/fake-random.ts'
import { drawRenewAt, hourMs, type Random, renewalJitterShare } from '../../src/index.ts'

const issuedAt = Date.UTC(2026, 0, 1)
const random = new FakeRandom()
const constant = (first: number): Random => ({ bytes: (count) => new Uint8Array(count).fill(first, 0, 1) })

test('a synchronised fleet retries at once: renewAt of many draws → up to a fifth of the cycle early, never late, and not all alike', () => {
  const draws = Array.from({ length: 200 }, () =>
    drawRenewAt({ issuedAt, notAfter: issuedAt + 24 * hourMs, cycleSeconds: 43_200, random }),
  )
  for (const renewAt of draws) {
    assert.ok(renewAt <= issuedAt + 12 * hourMs)
    assert.ok(renewAt >= issuedAt + 12 * hourMs * (1 - renewalJitterShare))
    assert.ok(Number.isInteger(renewAt))
  }
  assert.ok(new Set(draws).size > 190)
})

test('renewAt: a cycle shorter than half the life → the cycle counts', () => {
  const renewAt = drawRenewAt({
    issuedAt,
    notAfter: issuedAt + 24 * hourMs,
    cycleSeconds: 3_600,
    random: constant(0x00),
  })
  assert.equal(renewAt, issuedAt + hourMs)
})

test('renewAt: a life shorter than two cycles (near the end of its issuer) → half the life counts', () => {
  const renewAt = drawRenewAt({
    issuedAt,
    notAfter: issuedAt + 2 * hourMs,
    cycleSeconds: 43_200,
    random: constant(0xff),
  })
  assert.ok(renewAt >= issuedAt + hourMs * (1 - renewalJitterShare))
  assert.ok(renewAt < issuedAt + hourMs)
})
