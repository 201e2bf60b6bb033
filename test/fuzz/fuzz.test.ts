import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeFound, fuzz } from './fuzz.ts'
import { openTargets } from './open-targets.ts'

/** Counted, not timed: a slow machine reads the same inputs. */
const inputsEach = 400

for (const target of await openTargets()) {
  test(`fuzz: ${target.name} → read or refused with its codes, and in one way only`, async () => {
    try {
      const { found } = await fuzz(target, { seed: 1, goesOn: (inputs) => inputs < inputsEach })
      assert.deepEqual(found.map(describeFound), [])
    } finally {
      await target.close?.()
    }
  })
}
