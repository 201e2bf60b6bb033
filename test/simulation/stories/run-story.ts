import { dayMs, hourMs, type Instant } from '@mayfly/ca-core'
import { Dice } from '../dice.ts'
import type { Fault } from '../faults/fault.ts'
import { planFaults } from '../faults/plan-faults.ts'
import { type MutantName, mutants } from '../mutants.ts'
import type { PromiseName } from '../promises/broken-promise.ts'
import { checkConvergence } from '../promises/check-convergence.ts'
import { type StoryLine, storyStart } from './story.ts'
import { inStoryFolder } from './story-folder.ts'
import { World } from './world.ts'

/** Everybody joins in this time, undisturbed. */
const joiningMs = 6 * hourMs
/** Faults stop this long before the end: more than one whole cycle. */
const calmMs = 36 * hourMs
const bundleEveryMs = 9 * dayMs
const intermediateEveryMs = 20 * dayMs
/** After a day no leaf of the old intermediate is left. */
const distrustAfterMs = 2 * dayMs

export interface StoryOptions {
  readonly seed: number
  readonly hosts: readonly string[]
  readonly days: number
  /** Absent means drawn from the seed. */
  readonly faults?: readonly Fault[]
  /** Ends earlier than after `days`, with no look at how it all ends. */
  readonly until?: Instant
  readonly isCalm?: boolean
  readonly keepsLines?: boolean
  readonly handshakeShare?: number
  /** A product that is broken on purpose, to see that the story notices. */
  readonly mutant?: MutantName
}

export interface StoryReport {
  readonly seed: number
  readonly broken?: {
    readonly promise: PromiseName
    readonly who: string
    readonly at: Instant
    readonly message: string
  }
  /** The same seed gives the same one. */
  readonly digest: string
  readonly evidence: Readonly<Record<string, number>>
  readonly renewals: number
  readonly signatures: number
  readonly lines: readonly StoryLine[]
}

export function hostNames(count: number): string[] {
  const digits = String(count).length
  return Array.from({ length: count }, (_, index) => `host-${String(index + 1).padStart(digits, '0')}`)
}

export function faultsOf({ seed, hosts, days, faults }: StoryOptions): readonly Fault[] {
  const to = storyStart + days * dayMs - calmMs
  return faults ?? planFaults({ seed, hosts, from: storyStart + joiningMs, to })
}

/** Plays one story from beginning to end, or to the first promise that breaks. */
export function runStory(options: StoryOptions): Promise<StoryReport> {
  return inStoryFolder((folder) => play(options, folder))
}

async function play(options: StoryOptions, folder: string): Promise<StoryReport> {
  const { seed, hosts, days, until, isCalm = false, keepsLines = false, handshakeShare = 0.01 } = options
  const mutation = options.mutant === undefined ? {} : mutants[options.mutant].mutate()
  const world = await World.create({ seed, folder, isCalm, keepsLines, handshakeShare, mutation })
  world.timeline.schedule(storyStart, () => world.site.start())
  for (const [index, name] of hosts.entries()) join1(world, seed, name, index)
  world.plan(faultsOf(options))
  planCeremonies(world, storyStart + days * dayMs)
  await world.run(until ?? storyStart + days * dayMs)
  if (world.broken === undefined && until === undefined) await checkConvergence(world)
  await world.close()
  return reportOf(seed, world)
}

function join1(world: World, seed: number, name: string, index: number): void {
  const at = storyStart + hourMs / 60 + new Dice(seed, `${name}/joins`).below(joiningMs - hourMs)
  const host = world.addHost(name, `10.0.${index >> 8}.${index & 255}`)
  world.timeline.schedule(at, () => host.boot())
}

function planCeremonies(world: World, end: Instant): void {
  const { timeline, ceremony, site, story } = world
  for (let at = storyStart + bundleEveryMs; at < end; at += bundleEveryMs) {
    timeline.schedule(at, async () => {
      await ceremony.publishBundle(at)
      story.tell('root', 'a new trust bundle')
    })
  }
  for (let at = storyStart + intermediateEveryMs; at < end - 3 * dayMs; at += intermediateEveryMs) {
    timeline.schedule(at, async () => {
      await ceremony.replaceIntermediate(at)
      await site.renewOwnNow()
      story.tell('root', 'a new intermediate')
    })
    timeline.schedule(at + distrustAfterMs, async () => {
      await ceremony.publishBundle(at + distrustAfterMs, 'old-intermediates')
      story.tell('root', 'a new trust bundle distrusts the old intermediate')
    })
  }
}

function reportOf(seed: number, { story, broken, served, ledger }: World): StoryReport {
  return {
    seed,
    ...(broken !== undefined && {
      broken: { promise: broken.promise, who: broken.who, at: broken.at, message: broken.message },
    }),
    digest: story.digest(),
    evidence: Object.fromEntries([...story.evidence].sort()),
    renewals: served.length,
    signatures: ledger.signatures,
    lines: story.lines,
  }
}
