import assert from 'node:assert/strict'
import { it } from 'node:test'
import { isUnderTainted } from '../../src/rotation/under-tainted.ts'
import type { HeldBundle } from '../../src/state/held-bundle.ts'

it('an answer that cannot be read, while an intermediate is tainted → under none, so that the check counts it', () => {
  const held = { tainted: ['ab'.repeat(32)] } as unknown as HeldBundle
  assert.equal(isUnderTainted('not a certificate', held), false)
})
