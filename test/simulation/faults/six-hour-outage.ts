import { hourMs, type Instant, minuteMs } from '@mayfly/ca-core'
import { Dice } from '../dice.ts'
import type { Mutation } from '../mutation.ts'
import { hostNames } from '../stories/run-story.ts'
import { storyStart } from '../stories/story.ts'
import { inStoryFolder } from '../stories/story-folder.ts'
import { World } from '../stories/world.ts'

const joiningMs = 12 * hourMs
const outageFrom: Instant = storyStart + 30 * hourMs
/** The power is back for all machines in the same moment … */
const powerBackAt: Instant = outageFrom + 5 * hourMs
/** … and the issuer an hour later: the whole fleet has failed together by then. */
const issuerBackAt: Instant = outageFrom + 6 * hourMs
const nextDayEnd: Instant = issuerBackAt + 24 * hourMs

/** The promise is that ten minutes are enough. */
const catchUpMinutes = 10
/** A renewal in six minutes is the rule: of less than half an hour the busiest is so by chance. */
const halfHourMs = 30 * minuteMs

export interface OutageReport {
  /** Renewals in each of the ten minutes after the issuer has come back. */
  readonly catchUp: readonly number[]
  /** Renewals in each half hour of the day after that. */
  readonly nextDay: readonly number[]
  /** How often the busiest is as busy as the mean. */
  readonly catchUpPeak: number
  readonly nextDayPeak: number
}

/** A site without power for five hours, and without an issuer for six. */
export function playOutage(seed: number, hostCount: number, mutation: Mutation = {}): Promise<OutageReport> {
  return inStoryFolder((folder) => play(seed, hostCount, folder, mutation))
}

async function play(
  seed: number,
  hostCount: number,
  folder: string,
  mutation: Mutation,
): Promise<OutageReport> {
  const world = await World.create({
    seed,
    folder,
    isCalm: true,
    keepsLines: false,
    handshakeShare: 0,
    mutation,
  })
  world.timeline.schedule(storyStart, () => world.site.start())
  for (const [index, name] of hostNames(hostCount).entries()) {
    const host = world.addHost(name, `10.0.${index >> 8}.${index & 255}`)
    const at = storyStart + minuteMs + new Dice(seed, `${name}/joins`).below(joiningMs)
    world.timeline.schedule(at, () => host.boot())
  }
  world.plan([
    { kind: 'site-power', from: outageFrom, to: powerBackAt },
    { kind: 'issuer-away', from: outageFrom, to: issuerBackAt },
  ])
  await world.run(nextDayEnd)
  await world.close()
  if (world.broken !== undefined) throw world.broken
  const times = world.served.map(({ at }) => at)
  const catchUp = countEach(times, issuerBackAt, minuteMs, catchUpMinutes)
  const caughtUpAt = issuerBackAt + catchUpMinutes * minuteMs
  const nextDay = countEach(times, caughtUpAt, halfHourMs, Math.floor((nextDayEnd - caughtUpAt) / halfHourMs))
  return { catchUp, nextDay, catchUpPeak: peakOf(catchUp), nextDayPeak: peakOf(nextDay) }
}

function countEach(times: readonly Instant[], from: Instant, eachMs: number, count: number): number[] {
  const counts = new Array<number>(count).fill(0)
  for (const time of times) {
    const index = Math.floor((time - from) / eachMs)
    if (index >= 0 && index < count) counts[index] = (counts[index] ?? 0) + 1
  }
  return counts
}

function peakOf(counts: readonly number[]): number {
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length
  return Math.max(...counts) / mean
}
