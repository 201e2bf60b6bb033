import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Clock } from '@mayfly/ca-core'

export interface ClockSubject {
  readonly clock: Clock
  /** Lets at least this much time pass. */
  pass(milliseconds: number): Promise<void>
}

/** What every `Clock` keeps. */
export function clockSuite(name: string, create: () => ClockSubject): void {
  describe(`Clock, ${name}`, () => {
    it('now: is a time of this century in milliseconds', () => {
      const now = create().clock.now()
      assert.ok(now > Date.UTC(2020) && now < Date.UTC(2100), `${now}`)
    })

    it('monotonic: time passes → grows by it, never falls', async () => {
      const { clock, pass } = create()
      const before = clock.monotonic()
      await pass(20)
      assert.ok(clock.monotonic() - before >= 19)
    })

    it('sinceBoot: time passes → grows by it as well, in steps of a second at most', async () => {
      const { clock, pass } = create()
      const [before, start] = [clock.sinceBoot(), clock.monotonic()]
      for (let passes = 0; passes < 100 && clock.sinceBoot() === before; passes++) await pass(20)
      const grown = clock.sinceBoot() - before
      assert.ok(grown > 0 && grown <= clock.monotonic() - start + 1_000, `${grown} ms`)
    })

    it('sleep: the time has passed → resolves, not earlier', async () => {
      const { clock, pass } = create()
      const before = clock.monotonic()
      const [woke] = await Promise.all([clock.sleep(20).then(() => clock.monotonic()), pass(30)])
      assert.ok(woke - before >= 20, `woke after ${woke - before} ms`)
    })

    it('sleep: nothing or less to wait → resolves', async () => {
      const { clock, pass } = create()
      await Promise.all([clock.sleep(0), clock.sleep(-5), pass(1)])
    })

    it('sleep: two sleepers → the shorter wakes first', async () => {
      const { clock, pass } = create()
      const order: string[] = []
      const sleepers = [
        clock.sleep(60).then(() => order.push('long')),
        clock.sleep(10).then(() => order.push('short')),
      ]
      await Promise.all([...sleepers, pass(80)])
      assert.deepEqual(order, ['short', 'long'])
    })

    it('sleep: aborted on the way → rejects with the reason', async () => {
      const { clock } = create()
      const controller = new AbortController()
      const reason = new Error('enough')
      const sleeping = clock.sleep(3_600_000, controller.signal)
      controller.abort(reason)
      await assert.rejects(sleeping, reason)
    })

    it('sleep: aborted before → rejects with the reason', async () => {
      const reason = new Error('enough')
      await assert.rejects(create().clock.sleep(3_600_000, AbortSignal.abort(reason)), reason)
    })

    it('sleep: longer than a timer can be → still sleeping', async () => {
      const { clock, pass } = create()
      const controller = new AbortController()
      let woke = false
      const sleeping = clock.sleep(2 ** 32, controller.signal).then(
        () => (woke = true),
        () => undefined,
      )
      await pass(20)
      assert.equal(woke, false)
      controller.abort()
      await sleeping
    })
  })
}
