/** Work in the measured process, told one piece from the next by a running number. */
export type Piece = (index: number) => unknown

const roundMs = 100

/**
 * The processor time of each kind of work, in microseconds a piece, all threads of the process together, so
 * that what else runs on the machine counts little. The kinds take turns in short rounds, and the median
 * round counts: what slows the machine for a while slows each of them.
 */
export async function cpuCosts<Kind extends string>(
  kinds: Readonly<Record<Kind, Piece>>,
  rounds: number,
): Promise<Record<Kind, number>> {
  const names = Object.keys(kinds) as Kind[]
  const costs = new Map<Kind, number[]>(names.map((name) => [name, []]))
  // The first round warms up.
  for (let round = 0; round <= rounds; round++) {
    for (const name of names) {
      const cost = await roundOf(kinds[name])
      if (round > 0) costs.get(name)?.push(cost)
    }
  }
  return Object.fromEntries(names.map((name) => [name, medianOf(costs.get(name) ?? [])])) as Record<
    Kind,
    number
  >
}

export function medianOf(values: readonly number[]): number {
  return percentileOf(values, 50)
}

/** The smallest of the values that is not below `percent` of them. */
export function percentileOf(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? Number.NaN
}

async function roundOf(piece: Piece): Promise<number> {
  const begun = process.cpuUsage()
  const until = performance.now() + roundMs
  let pieces = 0
  while (performance.now() < until) {
    await piece(pieces)
    pieces++
  }
  const { user, system } = process.cpuUsage(begun)
  return (user + system) / pieces
}
