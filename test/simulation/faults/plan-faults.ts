import { dayMs, hourMs, type Instant, minuteMs, secondMs } from '@mayfly/ca-core'
import { Dice } from '../dice.ts'
import { type Fault, type FaultKind, issuerSteps } from './fault.ts'

export interface FaultPlanOptions {
  readonly seed: number
  readonly hosts: readonly string[]
  readonly from: Instant
  readonly to: Instant
}

type Draw = (dice: Dice, from: Instant) => Fault | undefined

interface Habit {
  /** How often a day, on average. */
  readonly perDay: number
  readonly draw: Draw
}

/** Clocks that are kept by NTP are off by seconds; one that was set wrong is off by up to an hour. */
const clockErrorMsMax = hourMs
/** The issuer's clock is watched; its store refuses to go back by more than five minutes. */
const issuerClockErrorMsMax = 90 * secondMs
/** A rotation has some 90 operations on the disk. */
const operationsMax = 100

const worldHabits: readonly Habit[] = [
  { perDay: 0.3, draw: lasting('issuer-away', minuteMs, 2 * hourMs) },
  { perDay: 0.03, draw: lasting('issuer-away', 4 * hourMs, 12 * hourMs) },
  { perDay: 0.003, draw: lasting('issuer-away', 14 * hourMs, 32 * hourMs) },
  {
    perDay: 1.5,
    draw: (dice, from) => ({
      kind: 'issuer-crash',
      step: dice.pick(issuerSteps),
      from,
      to: from + dice.spread(2 * secondMs, 20 * minuteMs),
    }),
  },
  { perDay: 0.1, draw: lasting('issuer-disk', minuteMs, 2 * hourMs) },
  { perDay: 0.15, draw: lasting('issuer-garbled', minuteMs, 2 * hourMs) },
  { perDay: 0.15, draw: lasting('bad-network', 10 * minuteMs, 6 * hourMs) },
  { perDay: 0.1, draw: issuerClock },
  { perDay: 0.04, draw: lasting('site-power', minuteMs, 4 * hourMs) },
]

const hostHabits: readonly Habit[] = [
  { perDay: 0.1, draw: lasting('host-network', minuteMs, 6 * hourMs) },
  { perDay: 0.01, draw: lasting('host-network', 10 * hourMs, 40 * hourMs) },
  { perDay: 0.35, draw: agentCrash },
  { perDay: 0.04, draw: lasting('host-asleep', 10 * minuteMs, 10 * hourMs) },
  { perDay: 0.01, draw: lasting('host-asleep', 20 * hourMs, 3 * dayMs) },
  { perDay: 0.05, draw: lasting('host-disk', minuteMs, 4 * hourMs) },
  { perDay: 0.06, draw: hostClock },
  { perDay: 0.06, draw: lasting('reload-fails', minuteMs, 4 * hourMs) },
  { perDay: 0.06, draw: lasting('reload-ignored', minuteMs, 4 * hourMs) },
  { perDay: 0.05, draw: lasting('server-down', minuteMs, 8 * hourMs) },
  // Felt where the agent looks at its port between rotations, which few of a story's do.
  { perDay: 0.2, draw: (_, from) => ({ kind: 'server-set-back', host: '', from, to: from }) },
]

/** Everything that goes wrong between `from` and `to`. Each host's faults depend on the seed and its name alone. */
export function planFaults({ seed, hosts, from, to }: FaultPlanOptions): readonly Fault[] {
  const days = (to - from) / dayMs
  const draw = (habits: readonly Habit[], who: string): Fault[] =>
    habits.flatMap(({ perDay, draw: drawOne }, habit) => {
      const dice = new Dice(seed, `faults/${who}/${habit}`)
      return occurrences(dice, perDay * days).flatMap((share) => {
        const fault = drawOne(dice, from + Math.floor(share * (to - from)))
        return fault === undefined ? [] : [{ ...fault, to: Math.min(fault.to, to) }]
      })
    })
  const onHosts = hosts.flatMap((host) =>
    draw(hostHabits, host).map((fault) => ({ ...fault, host }) as Fault),
  )
  return [...draw(worldHabits, 'world'), ...onHosts].sort((a, b) => a.from - b.from)
}

/** Moments, as shares of the whole, whose number is `mean` on average. */
function occurrences(dice: Dice, mean: number): number[] {
  const shares: number[] = []
  let share = 0
  for (;;) {
    share -= Math.log(1 - dice.fraction()) / mean
    if (share >= 1) return shares
    shares.push(share)
  }
}

function lasting(kind: FaultKind, shortest: number, longest: number): Draw {
  return (dice, from) => ({ kind, from, to: from + dice.spread(shortest, longest) }) as Fault
}

function issuerClock(dice: Dice, from: Instant): Fault {
  const aheadMs = dice.between(-issuerClockErrorMsMax, issuerClockErrorMsMax)
  return { kind: 'issuer-clock', aheadMs, from, to: from + dice.spread(10 * minuteMs, 6 * hourMs) }
}

function hostClock(dice: Dice, from: Instant): Fault {
  const size = dice.spread(secondMs, clockErrorMsMax)
  const aheadMs = dice.chance(0.5) ? size : -size
  return { kind: 'host-clock', host: '', aheadMs, from, to: from + dice.spread(10 * minuteMs, 6 * hourMs) }
}

function agentCrash(dice: Dice, from: Instant): Fault {
  const operation = dice.between(1, operationsMax)
  const power = dice.chance(0.4)
  const to = from + dice.spread(secondMs, 10 * minuteMs)
  return { kind: 'agent-crash', host: '', operation, power, from, to }
}
