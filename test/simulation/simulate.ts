import { availableParallelism } from 'node:os'
import { readSimulateArguments, type SimulateWish, simulateUsage } from './simulate-arguments.ts'
import { explainFailure } from './stories/explain-failure.ts'
import { playStories } from './stories/play-stories.ts'
import { runStory, type StoryOptions, type StoryReport } from './stories/run-story.ts'
import { tellStory } from './stories/story.ts'
import { quickenStories } from './virtual/quicken-stories.ts'

function show(report: StoryReport, story: StoryOptions, seconds: number): string {
  const hostHours = story.hosts.length * story.days * 24
  const { seed, digest, renewals, signatures, evidence } = report
  return [
    `seed ${seed}, ${story.hosts.length} hosts, ${story.days} days: ${report.broken === undefined ? 'every promise held' : 'BROKEN'}`,
    `${renewals} certificates brought to a port, ${signatures} signed, in ${seconds.toFixed(1)} s (${Math.round(hostHours / seconds)} host hours a second)`,
    `story ${digest.slice(0, 16)}; seen to happen:`,
    ...Object.entries(evidence).map(([name, count]) => `${String(count).padStart(9)}  ${name}`),
  ].join('\n')
}

async function main(given: readonly string[]): Promise<number> {
  if (given.includes('--help')) {
    console.log(simulateUsage)
    return 0
  }
  const reading = readSimulateArguments(given)
  if (!reading.ok) {
    console.error(`${reading.mistake}\n\n${simulateUsage}`)
    return 2
  }
  const { wish } = reading
  return wish.seeds === 1 ? playOne(wish) : playMany(wish)
}

/** Each story on one line; the first one that fails is explained. */
async function playMany({ story, seeds, json }: SimulateWish): Promise<number> {
  const stories = Array.from({ length: seeds }, (_, index) => ({ ...story, seed: story.seed + index }))
  const playing = playStories(stories, availableParallelism())
  const reports: StoryReport[] = []
  for (const report of playing) {
    const { lines: _, ...figures } = await report
    const verdict = figures.broken === undefined ? 'every promise held' : figures.broken.message
    const line = `seed ${figures.seed}: ${figures.renewals} renewals, ${verdict}`
    console.log(json ? JSON.stringify(figures) : line)
    reports.push(await report)
  }
  const failed = reports.find(({ broken }) => broken !== undefined)
  if (failed === undefined) return 0
  quickenStories()
  console.error(`\n${await explainFailure({ ...story, seed: failed.seed }, failed)}`)
  return 1
}

async function playOne(wish: SimulateWish): Promise<number> {
  quickenStories()
  const stackLines = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  const startedMs = performance.now()
  const report = await runStory(wish.story)
  const seconds = (performance.now() - startedMs) / 1_000
  Error.stackTraceLimit = stackLines
  if (wish.story.keepsLines) console.log(tellStory(report.lines))
  const { lines: _, ...figures } = report
  const hostHoursPerSecond = (wish.story.hosts.length * wish.story.days * 24) / seconds
  if (wish.json) console.log(JSON.stringify({ ...figures, seconds, hostHoursPerSecond }))
  else console.log(show(report, wish.story, seconds))
  if (report.broken === undefined) return 0
  console.error(`\n${await explainFailure(wish.story, report)}`)
  return 1
}

process.exitCode = await main(process.argv.slice(2))
