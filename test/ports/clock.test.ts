import { systemClock } from '@mayfly/platform'
import { FakeClock } from '../fakes/fake-clock.ts'
import { clockSuite } from '../suites/clock-suite.ts'

clockSuite('the machine', () => ({
  clock: systemClock,
  pass: (milliseconds) => systemClock.sleep(milliseconds),
}))

clockSuite('in memory', () => {
  const clock = new FakeClock()
  return { clock, pass: (milliseconds) => clock.advance(milliseconds) }
})
