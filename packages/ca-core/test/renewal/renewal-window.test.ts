import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addSeconds, dayMs, hourMs, mayRecover, renewalWindow } from '../../src/index.ts'

const notBefore = Date.UTC(2026, 0, 1)
const notAfter = notBefore + 24 * hourMs
const renewAt = notBefore + 11 * hourMs
const at = (now: number) => renewalWindow({ notBefore, notAfter, renewAt, now })

test('renewal window: each moment of a life → its window', () => {
  assert.equal(at(notBefore - 1), 'early')
  assert.equal(at(notBefore), 'fresh')
  assert.equal(at(renewAt - 1), 'fresh')
  assert.equal(at(renewAt), 'due')
  assert.equal(at(notBefore + 12 * hourMs), 'second-half')
  assert.equal(at(notAfter), 'second-half')
  assert.equal(at(notAfter + 1), 'expired')
  assert.equal(at(notAfter + 7 * dayMs), 'expired')
  assert.equal(at(notAfter + 7 * dayMs + 1), 'lost')
})

test('renewal window: renewAt after the half → fresh until then', () => {
  const late = notBefore + 13 * hourMs
  assert.equal(renewalWindow({ notBefore, notAfter, renewAt: late, now: late - 1 }), 'fresh')
  assert.equal(renewalWindow({ notBefore, notAfter, renewAt: late, now: late }), 'second-half')
})

test('recovery window: configured → counts from notAfter', () => {
  const recoveryWindowSeconds = 60
  assert.ok(mayRecover({ notAfter, now: addSeconds(notAfter, 60), recoveryWindowSeconds }))
  assert.ok(!mayRecover({ notAfter, now: addSeconds(notAfter, 61), recoveryWindowSeconds }))
})
