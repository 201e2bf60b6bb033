import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { fiftyAgents } from './agents/fifty-agents.ts'
import { oneAgent } from './agents/one-agent.ts'
import { overload } from './attack/overload.ts'
import { type Bench, type Figure, meetsAim } from './figure.ts'
import { figureLines } from './figure-table.ts'
import { issueSpeed } from './issuing/issue-speed.ts'
import { sweepSpeed } from './issuing/sweep-speed.ts'
import { describeMachine } from './machine.ts'
import { rotation } from './rotation/rotation.ts'
import { simulation } from './simulation.ts'

const benches: readonly Bench[] = [
  rotation,
  oneAgent,
  fiftyAgents,
  issueSpeed,
  sweepSpeed,
  overload,
  simulation,
]

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'string' }, quick: { type: 'boolean', default: false } },
})

/** Those that are named, as a whole or by the first part of their name, or all. */
const chosen = benches.filter(
  ({ name }) => positionals.length === 0 || positionals.some((word) => `${name}.`.startsWith(`${word}.`)),
)
const figures: Figure[] = []
const machine = describeMachine()
for (const bench of chosen) {
  const tell = (what: string): void => console.error(`${bench.name}: ${what}`)
  const measured = await bench.run({ quick: options.quick, tell })
  figures.push(...measured)
  for (const line of figureLines(measured)) console.log(line)
}
if (options.json !== undefined) await writeFile(options.json, jsonOf())

function jsonOf(): string {
  const byName = <Value>(take: (figure: Figure) => Value): Record<string, Value> =>
    Object.fromEntries(figures.map((figure) => [figure.name, take(figure)]))
  return `${JSON.stringify(
    {
      machine,
      quick: options.quick,
      figures: byName(({ value }) => value),
      details: byName((figure) => ({ unit: figure.unit, aim: figure.aim, meetsAim: meetsAim(figure) })),
    },
    null,
    2,
  )}\n`
}
