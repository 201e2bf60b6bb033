import { readCorpus } from './corpus.ts'
import { FuzzDice } from './fuzz-dice.ts'
import type { FuzzTarget } from './fuzz-target.ts'
import type { HangWatch } from './hang-watch.ts'

/** No input that fits a message takes a reader a hundredth of this; what it measures is a hang. */
const readMsMax = 2_000

export interface FuzzOptions {
  readonly seed: number
  /** Asked before each input. */
  goesOn(inputsRead: number): boolean
  /** Without it a reader that never comes back is for whoever waits to notice. */
  readonly watch?: HangWatch
}

/** A broken promise, with what is needed to see it again. */
export interface Found {
  readonly target: string
  readonly input: Uint8Array
  readonly error: unknown
}

export interface FuzzReport {
  readonly inputs: number
  readonly found: readonly Found[]
}

/** One of each kind is enough to look at. */
const foundMax = 5

/** Gives a target the samples as they are, then mutations of them. */
export async function fuzz(target: FuzzTarget, { seed, goesOn, watch }: FuzzOptions): Promise<FuzzReport> {
  const samples = await readCorpus(target.corpus)
  const dice = new FuzzDice(seed)
  const found: Found[] = []
  let inputs = 0
  for (; goesOn(inputs) && found.length < foundMax; inputs++) {
    const input = samples[inputs] ?? target.mutate(dice.pick(samples), dice.pick(samples), dice)
    watch?.begin(target.name, input)
    const error = await attempt(target, input)
    watch?.end()
    if (error !== undefined) found.push({ target: target.name, input, error })
  }
  return { inputs, found }
}

async function attempt(target: FuzzTarget, input: Uint8Array): Promise<unknown> {
  const startedMs = performance.now()
  try {
    await target.read(input)
  } catch (error) {
    return error ?? new Error('nothing was thrown')
  }
  const tookMs = performance.now() - startedMs
  return tookMs > readMsMax ? new Error(`took ${Math.round(tookMs)} ms`) : undefined
}

/** A report for people: the target, what was wrong, and the input to add to its corpus. */
export function describeFound({ target, input, error }: Found): string {
  const base64 = Buffer.from(input).toString('base64')
  return `${target}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n  input: ${base64}`
}
