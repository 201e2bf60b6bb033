import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { dayMs, generateKeyPair } from '@mayfly/ca-core'
import type { DueIdentity } from '../../src/store/identity-record.ts'
import { planSweep } from '../../src/sweep/plan-sweep.ts'
import { testPolicy } from '../support/issuer-kit.ts'

const now = Date.UTC(2026, 0, 15, 12)
const { publicKey } = await generateKeyPair('ec-p256')
const staged = {
  spki: publicKey.spki,
  keyHash: publicKey.hash,
  parentGeneration: 4,
  mintAt: now,
}

const due: DueIdentity = {
  id: 1,
  version: 9,
  name: 'web-1',
  profile: 'server',
  names: ['dns:web-1.example'],
  isSuspended: false,
  lineage: { number: 2, newestGeneration: 6 },
  staged,
  quota: { day: 0, count: 0 },
}
const today = Math.floor(now / dayMs)

describe('planSweep', () => {
  it('due → minted as the next generation, and its quota is used', () => {
    const [decision] = planSweep([due], testPolicy, now)
    assert.ok(decision?.do === 'mint')
    const { lineage, generation, parentGeneration, quota } = decision
    assert.deepEqual([lineage, generation, parentGeneration], [2, 7, 4])
    assert.equal(decision.publicKey.hash, publicKey.hash)
    assert.deepEqual(quota, { day: today, count: 1 })
  })

  for (const [name, changed, because] of [
    ['suspended', { isSuspended: true }, 'identity-suspended'],
    ['the quota used up', { quota: { day: today, count: testPolicy.dailyQuota } }, 'quota-exceeded'],
    ['a staged key that was altered', { staged: { ...staged, keyHash: 'ab'.repeat(32) } }, 'key-invalid'],
    ['a staged key that is none', { staged: { ...staged, spki: new Uint8Array([1, 2]) } }, 'key-invalid'],
  ] as const) {
    it(`${name} → skipped, and the others are minted`, () => {
      const decisions = planSweep([{ ...due, ...changed }, due], testPolicy, now)
      assert.deepEqual(decisions[0], { do: 'skip', identity: { ...due, ...changed }, because })
      assert.equal(decisions[1]?.do, 'mint')
    })
  }

  it('a key type that is no longer in the policy → skipped', () => {
    const [decision] = planSweep([due], { ...testPolicy, keyTypes: ['ed25519'] }, now)
    assert.ok(decision?.do === 'skip')
    assert.equal(decision.because, 'key-type-unsupported')
  })
})
