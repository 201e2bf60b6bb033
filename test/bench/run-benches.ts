import { constants } from 'node:os'
import { parseArgs } from 'node:util'
import { runBenchProcess } from './bench-process.ts'
import { type BenchReport, openReport } from './bench-report.ts'
import type { LoadBench } from './benches.ts'
import type { Figure } from './figure.ts'
import { figureLine } from './figure-table.ts'

/** Each is also the exit code of `npm run bench`. */
const allWell = 0
const failedOrMissed = 1
const badUsage = 2
/** And more, by the signal that ended the run, as in a shell. */
const signalledCode = 128

const optionTypes = {
  json: { type: 'string' },
  quick: { type: 'boolean', default: false },
  strict: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

const usage = `Usage: npm run bench -- [--json FILE] [--quick] [--strict] [NAMES]

  NAMES         the benches to run, whole or by the first part of their names; default: all
  --json FILE   write the figures there, anew after each one
  --quick       rougher figures under the same names
  --strict      exit with 1 if a figure misses its aim

Exit code: 0 all was measured (a missed aim is only shown), 1 a bench failed, or an aim was missed with
--strict, 2 a mistake on the command line.`

/**
 * Runs benches one after the other and gives back the exit code. One that fails is told of, and the others
 * go on. `list` is the URL of a module that exports `benches`.
 */
export async function runBenches(list: string, argv: readonly string[]): Promise<number> {
  const { benches } = (await import(list)) as { benches: Readonly<Record<string, LoadBench>> }
  const known = Object.keys(benches)
  const asked = readArguments(argv, known)
  if (asked.to === 'run') return runAsked(list, asked)
  if (asked.to === 'help') console.log(`${usage}\n\nBenches: ${known.join(', ')}`)
  else console.error(asked.because)
  return asked.to === 'help' ? allWell : badUsage
}

async function runAsked(list: string, { json, quick, strict, names }: AskedRun): Promise<number> {
  const report = openReport(names, quick, json)
  const ending = new AbortController()
  let endedBy: NodeJS.Signals | undefined
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      endedBy ??= signal
      ending.abort()
    })
  }
  for (const name of names) {
    report.begin(name)
    const onFigure = (figure: Figure): void => {
      report.add(figure)
      console.log(figureLine(figure))
    }
    const outcome = await runBenchProcess({ list, name, quick, onFigure, signal: ending.signal })
    report.end(name, outcome)
    if (endedBy !== undefined) return signalledCode + constants.signals[endedBy]
    if (outcome.outcome === 'failed') console.log(`${name}: FAILED (${outcome.because})`)
  }
  return judge(report, strict)
}

type Asked = AskedRun | { readonly to: 'help' } | { readonly to: 'refuse'; readonly because: string }

interface AskedRun {
  readonly to: 'run'
  readonly json: string | undefined
  readonly quick: boolean
  readonly strict: boolean
  readonly names: readonly string[]
}

function readArguments(argv: readonly string[], known: readonly string[]): Asked {
  const fits = (word: string, name: string): boolean => `${name}.`.startsWith(`${word}.`)
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: optionTypes,
    })
    const { json, quick, strict, help } = values
    if (help) return { to: 'help' }
    const unknown = positionals.filter((word) => !known.some((name) => fits(word, name)))
    if (unknown.length > 0)
      return { to: 'refuse', because: `There is no bench ${unknown.join(', ')}, but: ${known.join(', ')}` }
    const names = known.filter(
      (name) => positionals.length === 0 || positionals.some((word) => fits(word, name)),
    )
    return { to: 'run', json, quick, strict, names }
  } catch (error) {
    return { to: 'refuse', because: `${(error as Error).message}\n\n${usage}` }
  }
}

function judge({ missed, failed }: BenchReport, isStrict: boolean): number {
  if (missed.length > 0) {
    console.log(`\nMissed aims: ${missed.length}`)
    for (const figure of missed) console.log(figureLine(figure))
  }
  if (failed.length > 0) console.log(`\nFailed benches: ${failed.join(', ')}`)
  return failed.length > 0 || (isStrict && missed.length > 0) ? failedOrMissed : allWell
}
