import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { hourMs, minuteMs } from '@mayfly/ca-core'
import { createUpkeep, type Upkeep } from '../../src/sweep/upkeep.ts'
import { createIssuerKit, type IssuerKit } from '../support/issuer-kit.ts'

describe('upkeep', () => {
  let kit: IssuerKit
  let upkeep: Upkeep
  let rounds: number
  let looks: number
  /** Rows of a kind that wait to be removed. */
  let waiting: number

  beforeEach(async () => {
    rounds = 0
    looks = 0
    waiting = 0
    kit = await createIssuerKit()
    const store = {
      ...kit.store,
      async prune({ limit }: { readonly limit: number }) {
        rounds++
        const removed = Math.min(waiting, limit)
        waiting -= removed
        return removed
      },
      async packAudit(now: number) {
        looks++
        return kit.store.packAudit(now)
      },
    }
    upkeep = createUpkeep({ ...kit.ports, store })
  })
  afterEach(() => kit.close())

  it('a sweep every five minutes → looks for old rows once an hour, and each time for what is to be packed', async () => {
    for (let sweep = 0; sweep < 24; sweep++) {
      await upkeep.run()
      await kit.clock.advance(5 * minuteMs)
    }
    assert.deepEqual({ rounds, looks }, { rounds: 2, looks: 24 })
  })

  it('more waits than one sweep removes → the next sweep goes on with it', async () => {
    waiting = 60_000
    await upkeep.run()
    assert.equal(waiting, 10_000)
    await upkeep.run()
    assert.equal(waiting, 0)
    const before = rounds
    await upkeep.run()
    assert.equal(rounds, before)
    await kit.clock.advance(hourMs)
    await upkeep.run()
    assert.equal(rounds, before + 1)
  })
})
