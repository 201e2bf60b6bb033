import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MayflyError } from '@mayfly/ca-core'
import { statusErrorExitCode } from '../../src/commands/issuer/status-exit-code.ts'

test('issuer status: no answer, or none of its store → critical; what cannot be judged → unknown', () => {
  const codes = ['transport-failed', 'store-unavailable', 'permission-denied', 'config-invalid'] as const
  assert.deepEqual(
    codes.map((code) => statusErrorExitCode(new MayflyError(code, 'a sentence'))),
    [2, 2, 3, 3],
  )
  assert.equal(statusErrorExitCode('nothing'), 3)
})
