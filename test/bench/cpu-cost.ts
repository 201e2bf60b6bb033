/** Work in the measured process, told one piece from the next by a running number. */
export type Piece = (index: number) => unknown

const roundMs = 100

/** Asking for the processor time costs two microseconds. */
const piecesPerLook = 16

/** After as much of it, code is as fast as it gets. */
const warmUpMs = 1_000

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
  for (const name of names) await roundOf(kinds[name], warmUpMs)
  for (let round = 0; round < rounds; round++) {
    for (const name of names) costs.get(name)?.push(await roundOf(kinds[name], roundMs))
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

/** Rounds are as long in processor time, so that on a busy machine they hold no less work. */
async function roundOf(piece: Piece, cpuMs: number): Promise<number> {
  const begun = process.cpuUsage()
  let pieces = 0
  for (;;) {
    for (const next = pieces + piecesPerLook; pieces < next; pieces++) await piece(pieces)
    const { user, system } = process.cpuUsage(begun)
    if (user + system >= cpuMs * 1_000) return (user + system) / pieces
  }
}
