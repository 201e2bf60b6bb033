import type { IssuingAuthority } from '../../../packages/issuer-daemon/src/issuing/intermediates/issuing-authority.ts'
import { medianOf } from '../cpu-cost.ts'
import type { Figure } from '../figure.ts'
import { fillIssuer, type SweepCost } from './sweep-bench.ts'

const manyIdentities = 1_000_000
const fewIdentities = 10_000
const turns = 3

/**
 * What a certificate costs where there are a million identities, over what it costs where there are 10,000: in
 * processor time of all threads. Each turn sweeps a small store as a whole and as many identities of the large one,
 * whose rows lie all over it; the median turn counts.
 */
export async function* costRatio(
  authority: IssuingAuthority,
  tell: (what: string) => void,
): AsyncGenerator<Figure> {
  tell('filling a store with a million identities')
  const many = await fillIssuer(manyIdentities, authority)
  const ratios: Ratio[] = []
  try {
    for (let turn = 0; turn <= turns; turn++) {
      tell(turn === 0 ? 'warming up' : `turn ${turn} of ${turns}`)
      const small = await sweepFew(authority)
      const large = await many.sweep(((turn + 1) * fewIdentities) / manyIdentities)
      if (turn > 0) ratios.push(ratioOf(large, small))
    }
  } finally {
    await many.close()
  }
  const median = (take: (ratio: Ratio) => number): number => medianOf(ratios.map(take))
  yield { name: 'sweep.costRatio1M', value: median(({ cpu }) => cpu), unit: 'ratio', aim: { atMost: 1.25 } }
  yield { name: 'sweep.timeRatio1M', value: median(({ time }) => time), unit: 'ratio of elapsed time' }
  yield { name: 'sweep.cpuMicroseconds1M', value: median(({ large }) => large), unit: 'µs a certificate' }
}

async function sweepFew(authority: IssuingAuthority): Promise<SweepCost> {
  const few = await fillIssuer(fewIdentities, authority)
  try {
    // Its writing thread is to be there already, as that of the large one.
    await few.sweep(0.1)
    return await few.sweep(1)
  } finally {
    await few.close()
  }
}

interface Ratio {
  readonly cpu: number
  readonly time: number
  /** Microseconds of a certificate in the large store. */
  readonly large: number
}

function ratioOf(large: SweepCost, small: SweepCost): Ratio {
  const cpuOf = ({ cpuSeconds, minted }: SweepCost): number => (cpuSeconds * 1e6) / minted
  const timeOf = ({ seconds, minted }: SweepCost): number => seconds / minted
  return {
    cpu: cpuOf(large) / cpuOf(small),
    time: timeOf(large) / timeOf(small),
    large: cpuOf(large),
  }
}
