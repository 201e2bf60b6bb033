import { describeFault, hostOf } from '../faults/fault.ts'
import type { StoryOptions, StoryReport } from './run-story.ts'
import { shrinkStory } from './shrink-story.ts'
import { storyTime, tellStory } from './story.ts'

/** The end of a long story says most. */
const linesMax = 80

/** What a person needs to see of a story that failed: the seed, and the shortest story that fails alike. */
export async function explainFailure(story: StoryOptions, report: StoryReport): Promise<string> {
  const { broken } = report
  if (broken === undefined) return `seed ${report.seed}: nothing broke`
  const { options, report: shrunk, attempts } = await shrinkStory(story, report)
  const { seed, hosts, days } = story
  const faults = (options.faults ?? []).map(
    (fault) => `  ${storyTime(fault.from)}  ${(hostOf(fault) ?? 'world').padEnd(9)}  ${describeFault(fault)}`,
  )
  return [
    `Seed ${seed}: ${broken.message}`,
    `at ${storyTime(broken.at)}. Play it again: npm run simulate -- --seed ${seed} --hosts ${hosts.length} --days ${days}`,
    '',
    `The shortest story found in ${attempts} attempts has ${count(options.hosts.length, 'host')} and ${count(faults.length, 'fault')}:`,
    ...faults,
    '',
    tellStory(shrunk.lines.slice(-linesMax)),
  ].join('\n')
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
