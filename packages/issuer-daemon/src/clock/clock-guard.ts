import { addSeconds, type Clock, type Instant, MayflyError, secondMs } from '@mayfly/ca-core'
import type { Change } from '../store/change.ts'
import { clockBehindSecondsMax, type Store } from '../store/store.ts'

/**
 * Compares the wall clock with the one that only ever ticks. A correction by a few minutes is taken over; after a
 * greater jump nobody knows which time is right, and a certificate with a wrong time outlives its day. Time that the
 * machine slept is no jump, where the time since its start agrees: that one nobody can set.
 */
export interface ClockGuard {
  /** By how much the wall clock has jumped since it was last right; 0 while it is. Negative: back. */
  jumpSeconds(): number
  /** What the time should be, by the clock that only ticks. */
  expected(): Instant
  /** Takes the wall clock for right as it is now. */
  accept(): void
}

/** The same as for a clock behind what the store has seen, so that both tell the same thing. */
const jumpSecondsMax = clockBehindSecondsMax

export function createClockGuard(clock: Clock): ClockGuard {
  let offset = 0
  let sleptBefore = 0
  const sleptMs = (): number => Math.max(0, clock.sinceBoot() - clock.monotonic() - sleptBefore)
  const expected = (): Instant => clock.monotonic() + offset + sleptMs()
  const accept = (): void => {
    offset = clock.now() - clock.monotonic()
    sleptBefore = clock.sinceBoot() - clock.monotonic()
  }
  accept()
  return {
    expected,
    accept,
    jumpSeconds() {
      // The usual case, before the system is asked how long it slept.
      if (Math.abs(clock.now() - clock.monotonic() - offset) < secondMs) return 0
      const seconds = (clock.now() - expected()) / secondMs
      if (Math.abs(seconds) > jumpSecondsMax) return Math.round(seconds)
      // In small steps the wall clock may go anywhere: that is what keeps it right.
      accept()
      return 0
    },
  }
}

/**
 * The store, which takes no intent while the clock is wrong: nothing is signed then. What else is written doesn't
 * make the wrong time the newest that the store has seen, so that all goes on when the clock is right again.
 */
export function guardStore(store: Store, guard: ClockGuard): Store {
  return {
    ...store,
    async commit(changes) {
      if (changes.some(({ parts }) => parts.some((part) => part.do === 'accept-clock'))) guard.accept()
      const jumpSeconds = guard.jumpSeconds()
      if (jumpSeconds === 0) return store.commit(changes)
      if (changes.some(isIntent)) throw clockJumped(jumpSeconds)
      const at = Math.floor(guard.expected())
      return store.commit(changes.map((change) => ({ ...change, at })))
    },
  }
}

/** What tells an operator of a jump. */
export function describeJump(seconds: number, now: Instant): string {
  const before = new Date(addSeconds(now, -seconds)).toISOString()
  return (
    `The clock jumped ${seconds > 0 ? 'forward' : 'back'} by ${Math.abs(seconds)} s: it says ${new Date(now).toISOString()}, ` +
    `and should say about ${before}. Nothing is issued until it is right again, or until somebody says that it is ` +
    'right (mayfly issuer accept-clock), such as after a virtual machine was paused from outside.'
  )
}

function isIntent({ parts }: Change): boolean {
  return parts.some((part) => part.do === 'intend')
}

function clockJumped(seconds: number): MayflyError {
  return new MayflyError(
    'clock-wrong',
    `The issuer's clock jumped by ${seconds} s; its operator has to look into it.`,
  )
}
