import { parseArgs } from 'node:util'
import { hostNames, type StoryOptions } from './stories/run-story.ts'

export const simulateUsage = `npm run simulate -- [--seed N] [--seeds COUNT] [--hosts H] [--days D] [--handshakes SHARE] [--story] [--json]

  --seed        the same seed tells the same story (default: 1)
  --seeds       so many stories, one for each seed from --seed on, on all cores (default: 1)
  --hosts       hosts, each with an agent and a server (default: 50)
  --days        simulated days, at least 3 (default: 30)
  --handshakes  share of the proofs with a real TLS handshake, 0 to 1 (default: 0.01)
  --story       prints every line of the story
  --json        prints the report as JSON

Exit code: 0 every promise held, 1 one was broken, 2 a mistake on the command line.`

/** What the command line asks for. */
export interface SimulateWish {
  readonly story: StoryOptions
  readonly seeds: number
  readonly json: boolean
}

export type SimulateReading =
  | { readonly ok: true; readonly wish: SimulateWish }
  | { readonly ok: false; readonly mistake: string }

const options = {
  seed: { type: 'string', default: '1' },
  seeds: { type: 'string', default: '1' },
  hosts: { type: 'string', default: '50' },
  days: { type: 'string', default: '30' },
  handshakes: { type: 'string', default: '0.01' },
  story: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const

/** Whole numbers and where they may lie. */
const ranges = {
  seed: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  seeds: [1, 100_000],
  hosts: [1, 10_000],
  days: [3, 3_650],
} as const

export function readSimulateArguments(given: readonly string[]): SimulateReading {
  try {
    const { values } = parseArgs({ args: [...given], options })
    const story: StoryOptions = {
      seed: wholeNumber('seed', values.seed),
      hosts: hostNames(wholeNumber('hosts', values.hosts)),
      days: wholeNumber('days', values.days),
      handshakeShare: share(values.handshakes),
      keepsLines: values.story,
    }
    return { ok: true, wish: { story, seeds: wholeNumber('seeds', values.seeds), json: values.json } }
  } catch (error) {
    return { ok: false, mistake: error instanceof Error ? error.message : String(error) }
  }
}

function wholeNumber(name: keyof typeof ranges, given: string): number {
  const [min, max] = ranges[name]
  const value = given === '' ? Number.NaN : Number(given)
  if (Number.isInteger(value) && value >= min && value <= max) return value
  throw new RangeError(`--${name} ${given} is no whole number from ${min} to ${max}.`)
}

function share(given: string): number {
  const value = given === '' ? Number.NaN : Number(given)
  if (value >= 0 && value <= 1) return value
  throw new RangeError(`--handshakes ${given} is no share from 0 to 1.`)
}
