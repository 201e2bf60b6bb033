import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Random } from '@mayfly/ca-core'

/** What every `Random` keeps. */
export function randomSuite(name: string, create: () => Random): void {
  describe(`Random, ${name}`, () => {
    it('bytes: a count → exactly as many', () => {
      const random = create()
      for (const count of [0, 1, 16, 33, 4_096]) assert.equal(random.bytes(count).byteLength, count)
    })

    it('bytes: asked again → other bytes', () => {
      const random = create()
      const drawn = new Set(
        Array.from({ length: 1_000 }, () => Buffer.from(random.bytes(16)).toString('hex')),
      )
      assert.equal(drawn.size, 1_000)
    })

    it('bytes: changed by the caller → the next draw is not', () => {
      const random = create()
      random.bytes(16).fill(0)
      assert.ok(random.bytes(16).some((byte) => byte !== 0))
    })

    it('bytes: many → every value about as often', () => {
      const counts = new Uint32Array(256)
      for (const byte of create().bytes(256 * 200)) counts[byte] = (counts[byte] ?? 0) + 1
      // 200 expected of each; a fair source leaves 100…300 less than once in 10^9 runs.
      assert.ok(counts.every((count) => count > 100 && count < 300))
    })
  })
}
