import { parseArgs } from 'node:util'
import { describeFound, fuzz } from './fuzz.ts'
import { openTargets } from './open-targets.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    target: { type: 'string' },
  },
})

const targets = (await openTargets()).filter(
  ({ name }) => values.target === undefined || name === values.target,
)
if (targets.length === 0) throw new Error(`There is no target ${values.target}.`)
const shareMs = (Number(values.seconds) * 1_000) / targets.length
let foundCount = 0
for (const target of targets) {
  const endMs = performance.now() + shareMs
  const { inputs, found } = await fuzz(target, {
    seed: Number(values.seed),
    goesOn: () => performance.now() < endMs,
  })
  await target.close?.()
  console.log(`${target.name}: ${inputs} inputs, ${found.length} found`)
  for (const one of found) console.log(describeFound(one))
  foundCount += found.length
}
process.exitCode = foundCount === 0 ? 0 : 1
