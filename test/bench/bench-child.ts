import type { LoadBench } from './benches.ts'
import type { Bench, Figure } from './figure.ts'

/**
 * One bench in a process of its own: `node bench-child.ts LIST NAME [quick]`, where LIST is a module such as
 * `benches.ts`. Sends each figure to its parent, and ends with 0 if all went well.
 */
const [list = '', name = '', scale] = process.argv.slice(2)

async function measure(): Promise<void> {
  const { benches } = (await import(list)) as { benches: Readonly<Record<string, LoadBench>> }
  const bench = await benches[name]?.()
  if (bench === undefined) throw new Error(`${list} has no bench ${name}`)
  const sent = new Set<string>()
  for await (const figure of figuresOf(bench)) {
    if (!figure.name.startsWith(`${name}.`)) throw new Error(`${figure.name} does not begin with ${name}`)
    if (!Number.isFinite(figure.value)) throw new Error(`${figure.name} is ${figure.value}`)
    if (sent.has(figure.name)) throw new Error(`${figure.name} was given twice`)
    sent.add(figure.name)
    await send(figure)
  }
  if (sent.size === 0) throw new Error('it gave no figure')
}

async function* figuresOf(bench: Bench): AsyncGenerator<Figure> {
  const tell = (what: string): void => console.error(`${name}: ${what}`)
  const figures = bench.run({ quick: scale === 'quick', tell })
  yield* Symbol.asyncIterator in figures ? figures : await figures
}

function send(figure: Figure): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send?.(figure, (error: Error | null) => (error === null ? resolve() : reject(error)))
  })
}

let exitCode = 0
try {
  await measure()
} catch (error) {
  console.error(error)
  exitCode = 1
}
// What a failed bench left open does not keep the others waiting.
process.exit(exitCode)
