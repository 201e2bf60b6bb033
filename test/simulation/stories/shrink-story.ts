import { type Instant, minuteMs } from '@mayfly/ca-core'
import type { Fault } from '../faults/fault.ts'
import { faultsOf, runStory, type StoryOptions, type StoryReport } from './run-story.ts'

/** Shrinking is a help and no proof: it ends after so many attempts or so long. */
const attemptsMax = 60
const shrinkingMsMax = 90_000

export interface ShrunkStory {
  readonly options: StoryOptions
  readonly report: StoryReport
  readonly attempts: number
}

/**
 * The shortest story that still breaks the same promise: it ends where the promise broke, with the one host,
 * without the network's ordinary noise, and with as few faults as possible.
 */
export async function shrinkStory(options: StoryOptions, failed: StoryReport): Promise<ShrunkStory> {
  const { broken } = failed
  if (broken === undefined) throw new TypeError('only a story that fails can be shrunk')
  const startedMs = performance.now()
  // What is left over is seen only at the end.
  const cutOff = (story: StoryOptions, at: Instant): StoryOptions =>
    broken.promise === 'converges'
      ? story
      : { ...story, until: at + minuteMs, faults: faultsOf(story).filter(({ from }) => from <= at) }
  let attempts = 0
  const whole: StoryOptions = { ...options, faults: faultsOf(options) }
  let best = cutOff(whole, broken.at)

  const stillFails = async (candidate: StoryOptions): Promise<boolean> => {
    if (attempts >= attemptsMax || performance.now() - startedMs > shrinkingMsMax) return false
    attempts++
    const report = await runStory(candidate)
    if (report.broken?.promise !== broken.promise) return false
    best = cutOff(candidate, report.broken.at)
    return true
  }

  // Alone it may take the host longer.
  if (options.hosts.includes(broken.who)) await stillFails({ ...whole, hosts: [broken.who] })
  best = withoutOthers(best)
  await stillFails({ ...best, isCalm: true })
  await dropFaults(best.faults ?? [], (faults) => stillFails({ ...best, faults }))
  return { options: best, report: await runStory({ ...best, keepsLines: true }), attempts }
}

function withoutOthers(options: StoryOptions): StoryOptions {
  const faults = (options.faults ?? []).filter(
    (fault) => !('host' in fault) || options.hosts.includes(fault.host),
  )
  return { ...options, faults }
}

/** Drops halves, then quarters, and so on, for as long as the story still fails without them. */
async function dropFaults(
  faults: readonly Fault[],
  stillFails: (faults: readonly Fault[]) => Promise<boolean>,
): Promise<void> {
  let left = faults
  for (let size = Math.ceil(left.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let start = 0; start < left.length; ) {
      const without = [...left.slice(0, start), ...left.slice(start + size)]
      if (await stillFails(without)) left = without
      else start += size
    }
  }
}
