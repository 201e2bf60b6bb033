import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Clock, secondMs } from '@mayfly/ca-core'
import { systemClock } from '@mayfly/platform'
import { longestGapSeconds } from '../../src/configuration/cron-gap.ts'
import { type SweepScheduleOptions, startSweepSchedule } from '../../src/schedule/sweep-schedule.ts'
import type { SweepReport } from '../../src/sweep/sweep-report.ts'

const nothing: SweepReport = { due: 0, minted: 0, failed: 0 }

function options(
  sweep: SweepScheduleOptions['sweep'],
  more: Partial<SweepScheduleOptions> = {},
): SweepScheduleOptions {
  return {
    cron: '* * * * * *',
    clock: systemClock,
    sweep,
    swept: () => undefined,
    failed: (error) => assert.fail(String(error)),
    skipped: () => undefined,
    ...more,
  }
}

/** Keeps its first caller until the next second has begun, as a machine under load may. */
function clockOfSlowStart(): Clock {
  let isFirst = true
  return {
    ...systemClock,
    now() {
      const second = Math.floor(systemClock.now() / secondMs)
      while (isFirst && Math.floor(systemClock.now() / secondMs) === second);
      isFirst = false
      return systemClock.now()
    },
  }
}

for (const [what, clock] of [
  ['start', systemClock],
  // Then the first run of the cron has the same end as the sweep at the start: nothing is left out, and nothing harmed.
  ['a start during which a run falls due', clockOfSlowStart()],
] as const) {
  test(`schedule: ${what} → sweeps at once, then at each time, up to the run after`, async () => {
    const horizons: number[] = []
    const enough = Promise.withResolvers<void>()
    const schedule = startSweepSchedule(
      options(
        async ({ until }) => {
          assert.ok(until - systemClock.now() <= secondMs)
          horizons.push(until)
          if (horizons.length === 3) enough.resolve()
          return nothing
        },
        { clock },
      ),
    )
    await enough.promise
    await schedule.stop()
    const [first = 0, second = 0, third = 0] = horizons
    assert.ok(first <= second && second <= third && first < third, horizons.join())
  })
}

test('schedule: a sweep longer than its period → the next is left out, not run beside it', async () => {
  let running = 0
  const gate = Promise.withResolvers<void>()
  const left = Promise.withResolvers<void>()
  const schedule = startSweepSchedule(
    options(
      async () => {
        running += 1
        assert.equal(running, 1)
        await gate.promise
        running -= 1
        return nothing
      },
      { skipped: () => left.resolve() },
    ),
  )
  await left.promise
  gate.resolve()
  await schedule.stop()
  assert.equal(running, 0)
})

test('schedule: stop while a sweep runs → the sweep is told, and waited for', async () => {
  let finished = false
  const begun = Promise.withResolvers<void>()
  const schedule = startSweepSchedule(
    options(async ({ signal }) => {
      begun.resolve()
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      await new Promise(setImmediate)
      finished = true
      return nothing
    }),
  )
  await begun.promise
  await schedule.stop()
  assert.equal(finished, true)
})

test('schedule: a sweep that fails → is told, and the next one comes', async () => {
  const failures: unknown[] = []
  const again = Promise.withResolvers<void>()
  const schedule = startSweepSchedule(
    options(
      async () => {
        if (failures.length > 0) again.resolve()
        throw new Error('the disk is full')
      },
      { failed: (error) => failures.push(error) },
    ),
  )
  await again.promise
  await schedule.stop()
  assert.ok(failures.length >= 1)
})

test('schedule: another cron → the next run is by that one', async () => {
  const schedule = startSweepSchedule(options(async () => nothing, { cron: '0 0 1 1 *' }))
  assert.ok(schedule.nextRun() - systemClock.now() > 60 * secondMs)
  await schedule.reschedule('* * * * * *')
  assert.ok(schedule.nextRun() - systemClock.now() <= secondMs)
  await schedule.stop()
})

for (const [cron, seconds] of [
  ['* * * * * *', 1],
  ['*/15 * * * * *', 15],
  ['*/7 * * * *', 7 * 60],
  ['0,5 * * * *', 55 * 60],
  ['*/5 9-17 * * *', 15 * 3_600 + 5 * 60],
  ['30 4 * * *', 86_400],
  ['* * * * 1-5', Number.POSITIVE_INFINITY],
  ['* * 1 * *', Number.POSITIVE_INFINITY],
  ['* * * 2 *', Number.POSITIVE_INFINITY],
  ['0 0 * * 0-6', 86_400],
] as const) {
  test(`cron: ${cron} → ${seconds} s between two runs at most`, () => {
    assert.equal(longestGapSeconds(cron), seconds)
  })
}
