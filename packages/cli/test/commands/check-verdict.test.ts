import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Finding } from '@mayfly/agent'
import { checkVerdict } from '../../src/commands/agent/check-verdict.ts'

const good: Finding = { check: 'state', result: 'good', message: 'there' }
const warning: Finding = { check: 'clock', result: 'warning', code: 'clock-wrong', message: 'off' }
const failed: Finding = { check: 'server', result: 'failed', code: 'reload-failed', message: 'down' }

for (const [findings, verdict] of [
  [[good], 'A rotation will work.'],
  [[good, warning], 'A rotation will work; 1 warning should be heeded all the same.'],
  [[warning, failed, warning], 'A rotation would fail: 1 failure to mend, and 2 warnings.'],
  [[failed, good, failed], 'A rotation would fail: 2 failures to mend.'],
] as const) {
  test(`agent check: ${findings.map(({ result }) => result).join(', ')} → ${verdict}`, () => {
    assert.equal(checkVerdict(findings), verdict)
  })
}
