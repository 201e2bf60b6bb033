import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { explainFailure } from './stories/explain-failure.ts'
import { playStories } from './stories/play-stories.ts'
import { hostNames, runStory, type StoryOptions, type StoryReport } from './stories/run-story.ts'
import { tellStory } from './stories/story.ts'
import { quickenStories } from './virtual/quicken-stories.ts'

const usage = `npm run simulate -- [--seed N] [--seeds COUNT] [--hosts H] [--days D] [--handshakes SHARE] [--story] [--json]

  --seed        the same seed tells the same story (default: 1)
  --seeds       so many stories, one for each seed from --seed on, on all cores (default: 1)
  --hosts       hosts, each with an agent and a server (default: 50)
  --days        simulated days, at least 3 (default: 30)
  --handshakes  share of the proofs with a real TLS handshake, 0 to 1 (default: 0.01)
  --story       prints every line of the story
  --json        prints the report as JSON
`

interface Wish {
  readonly story: StoryOptions
  readonly seeds: number
  readonly json: boolean
}

function readArguments(given: readonly string[]): Wish | undefined {
  const { values } = parseArgs({
    args: [...given],
    options: {
      seed: { type: 'string', default: '1' },
      seeds: { type: 'string', default: '1' },
      hosts: { type: 'string', default: '50' },
      days: { type: 'string', default: '30' },
      handshakes: { type: 'string', default: '0.01' },
      story: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const [seed, hosts, days, handshakeShare] = [values.seed, values.hosts, values.days, values.handshakes].map(
    Number,
  )
  const isValid =
    Number.isSafeInteger(seed) &&
    inRange(hosts, 1, 10_000) &&
    inRange(days, 3, 3_650) &&
    handshakeShare !== undefined &&
    handshakeShare >= 0 &&
    handshakeShare <= 1
  if (values.help || !isValid || seed === undefined || hosts === undefined || days === undefined)
    return undefined
  const seeds = Number(values.seeds)
  if (!inRange(seeds, 1, 100_000)) return undefined
  const story = { seed, hosts: hostNames(hosts), days, handshakeShare, keepsLines: values.story }
  return { story, seeds, json: values.json }
}

function inRange(value: number | undefined, min: number, max: number): boolean {
  return value !== undefined && Number.isInteger(value) && value >= min && value <= max
}

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
  const wish = readArguments(given)
  if (wish === undefined) {
    console.error(usage)
    return 2
  }
  return wish.seeds === 1 ? playOne(wish) : playMany(wish)
}

/** Each story on one line; the first one that fails is explained. */
async function playMany({ story, seeds, json }: Wish): Promise<number> {
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

async function playOne(wish: Wish): Promise<number> {
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
