import assert from 'node:assert/strict'
import { test } from 'node:test'
import { taintAlarms } from '../../src/alarms/taint-alarms.ts'

const retired = {
  slot: 'retired',
  subject: 'CN=Old',
  fingerprint: 'ab',
  notAfter: '2026-01-09T00:00:00Z',
  hasKey: false,
  taintedAt: '2026-01-01T00:00:00Z',
  lastLeafNotAfter: '2026-01-02T00:00:00Z',
} as const

for (const [liveLeaves, says] of [
  [1, /^1 certificate of the intermediate ab, tainted at \S+, has not expired; it ends at 2026-01-02/],
  [
    2,
    /^2 certificates of the intermediate ab, tainted at \S+, have not expired; the last ends at 2026-01-02/,
  ],
] as const) {
  test(`taint: ${liveLeaves} left under it → said in good English`, () => {
    const [alarm] = taintAlarms([{ ...retired, liveLeaves }], [])
    assert.match(alarm?.message ?? '', says)
  })
}

test('taint: the served bundle distrusts it → nobody is asked to have that done', () => {
  const told = (distrusted: readonly string[]): string =>
    taintAlarms([{ ...retired, liveLeaves: 2 }], distrusted)[0]?.message ?? ''
  assert.match(told(['cd']), /Have the root distrust it: mayfly root bundle --distrust ab\.$/)
  assert.match(told(['cd', 'ab']), /The trust bundle distrusts it already\.$/)
})

test('taint: none left under it → silence', () => {
  assert.deepEqual(taintAlarms([{ ...retired, liveLeaves: 0 }], []), [])
})
