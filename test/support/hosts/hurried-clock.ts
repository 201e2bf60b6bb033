import type { Clock } from '@mayfly/ca-core'
import { systemClock } from '@mayfly/platform'

/** So that a loop which waits for a moment of the wall clock doesn't spin. */
const sleepMsMin = 5

/** The real time of day, with waits that are shorter by `factor`: the limits of a test's patience, not of its subject. */
export function hurriedClock(factor: number): Clock {
  return {
    now: () => systemClock.now(),
    monotonic: () => systemClock.monotonic() * factor,
    sinceBoot: () => systemClock.monotonic() * factor,
    sleep: (milliseconds, signal) => systemClock.sleep(Math.max(milliseconds / factor, sleepMsMin), signal),
  }
}
