import { parseArgs } from 'node:util'

export const fuzzUsage = `npm run fuzz -- [--seconds N] [--seed N] [--target NAME]

  --seconds  how long, shared by the targets (default: 60)
  --seed     the same seed draws the same inputs (default: 1)
  --target   only this one of them

Exit code: 0 nothing was found, 1 something was, 2 a mistake on the command line. A reader that hangs ends the run at once,
by SIGKILL, with its input on standard error.`

export type FuzzWish =
  | {
      readonly ok: true
      readonly seconds: number
      readonly seed: number
      readonly targets: readonly string[]
    }
  | { readonly ok: false; readonly mistake: string }

/** What the command line asks for, of the targets there are. A run of no inputs would find nothing, and say that all is well. */
export function readFuzzArguments(given: readonly string[], known: readonly string[]): FuzzWish {
  const read = parse(given)
  if (typeof read === 'string') return { ok: false, mistake: read }
  const [seconds, seed] = [Number(read.seconds), Number(read.seed)]
  if (!(seconds > 0 && Number.isFinite(seconds)))
    return { ok: false, mistake: `--seconds ${read.seconds} is no number of seconds.` }
  if (!Number.isSafeInteger(seed)) return { ok: false, mistake: `--seed ${read.seed} is no whole number.` }
  const { target } = read
  if (target !== undefined && !known.includes(target))
    return { ok: false, mistake: `There is no target ${target}, but: ${known.join(', ')}` }
  return { ok: true, seconds, seed, targets: target === undefined ? known : [target] }
}

function parse(
  given: readonly string[],
): { readonly seconds: string; readonly seed: string; readonly target?: string } | string {
  try {
    const { values } = parseArgs({
      args: [...given],
      options: {
        seconds: { type: 'string', default: '60' },
        seed: { type: 'string', default: '1' },
        target: { type: 'string' },
      },
    })
    const { seconds, seed, target } = values
    return { seconds, seed, ...(target !== undefined && { target }) }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
