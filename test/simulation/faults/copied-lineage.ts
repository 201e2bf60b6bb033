import { hourMs, type Instant, minuteMs } from '@mayfly/ca-core'
import { Dice } from '../dice.ts'
import type { Mutation } from '../mutation.ts'
import { storyStart } from '../stories/story.ts'
import { inStoryFolder } from '../stories/story-folder.ts'
import { World } from '../stories/world.ts'
import { copyFiles } from '../virtual/process-files.ts'

export interface CopiedLineage {
  readonly copiedAt: Instant
  /** Absent where nobody noticed. */
  readonly suspendedAt?: Instant
  readonly addresses: readonly string[]
}

const original = 'host-1'
const bystander = 'host-2'
const addresses = { [original]: '10.0.0.1', copy: '10.9.9.9', [bystander]: '10.0.0.2' } as const

/** A virtual machine is copied at any one moment, and both go on. */
export function copyLineage(seed: number, mutation: Mutation = {}): Promise<CopiedLineage> {
  return inStoryFolder((folder) => play(seed, folder, mutation))
}

async function play(seed: number, folder: string, mutation: Mutation): Promise<CopiedLineage> {
  const world = await World.create({
    seed,
    folder,
    isCalm: true,
    keepsLines: false,
    handshakeShare: 0,
    mutation,
  })
  const { timeline, ledger } = world
  timeline.schedule(storyStart, () => world.site.start())
  const first = world.addHost(original, addresses[original])
  const other = world.addHost(bystander, addresses[bystander])
  for (const host of [first, other]) timeline.schedule(storyStart + minuteMs, () => host.boot())

  const copiedAt = storyStart + hourMs + new Dice(seed, 'copy').below(36 * hourMs)
  timeline.schedule(copiedAt, async () => {
    ledger.copied.add(original)
    const copy = world.addHost('copy', addresses.copy, original)
    await copyFiles(first.disk, copy.disk, '/')
    copy.adopt(first)
    await copy.boot()
  })
  let suspendedAt: Instant | undefined
  for (
    let at = copiedAt + minuteMs;
    at < copiedAt + 30 * hourMs && suspendedAt === undefined;
    at += minuteMs
  ) {
    await world.runUntil(at)
    if (ledger.suspended.has(original)) suspendedAt = at
  }
  await world.close()
  if (world.broken !== undefined) throw world.broken
  return {
    copiedAt,
    ...(suspendedAt !== undefined && { suspendedAt }),
    addresses: ledger.suspended.get(original) ?? [],
  }
}
