import { describeFound, fuzz } from './fuzz.ts'
import { fuzzUsage, readFuzzArguments } from './fuzz-arguments.ts'
import { watchHangs } from './hang-watch.ts'
import { openTargets } from './open-targets.ts'

process.exitCode = await main(process.argv.slice(2))

async function main(given: readonly string[]): Promise<number> {
  if (given.includes('--help')) {
    console.log(fuzzUsage)
    return 0
  }
  const all = await openTargets()
  const wish = readFuzzArguments(
    given,
    all.map(({ name }) => name),
  )
  if (!wish.ok) {
    console.error(`${wish.mistake}\n\n${fuzzUsage}`)
    await Promise.all(all.map((target) => target.close?.()))
    return 2
  }
  const shareMs = (wish.seconds * 1_000) / wish.targets.length
  const watch = watchHangs()
  let foundCount = 0
  for (const target of all) {
    if (wish.targets.includes(target.name)) {
      const endMs = performance.now() + shareMs
      const { inputs, found } = await fuzz(target, {
        seed: wish.seed,
        goesOn: () => performance.now() < endMs,
        watch,
      })
      console.log(`${target.name}: ${inputs} inputs, ${found.length} found`)
      for (const one of found) console.log(describeFound(one))
      foundCount += found.length
    }
    await target.close?.()
  }
  return foundCount === 0 ? 0 : 1
}
