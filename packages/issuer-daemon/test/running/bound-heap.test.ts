import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'

/** A thread that may have 4 MiB for young objects, and holds so many that V8 gives them all there is. */
const program = `
  import { Worker } from 'node:worker_threads'
  import { boundHeap } from ${JSON.stringify(new URL('../../src/running/bound-heap.ts', import.meta.url).href)}
  if (process.argv[1] === 'bounded') boundHeap()
  const thread = \`
    const { getHeapSpaceStatistics } = process.getBuiltinModule('node:v8')
    let most = 0
    for (let i = 0, held = []; i < 1e6; i++) {
      held.push({ a: i, b: [i] })
      if (held.length > 60_000) held = []
      if (i % 20_000 > 0) continue
      const { space_size: size } = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')
      most = Math.max(most, size)
    }
    console.log(most / 2 ** 20)\`
  new Worker(thread, { eval: true, resourceLimits: { maxYoungGenerationSizeMb: 4 } })`

async function youngMiB(isBounded: boolean): Promise<number> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['-C', 'source', '--input-type=module', '--eval', program, ...(isBounded ? ['bounded'] : [])],
    { env: { NODE_OPTIONS: '--max-semi-space-size=16' } },
  )
  return Number(stdout)
}

test('young objects: a bound in NODE_OPTIONS for the main thread → each other thread keeps its own', async () => {
  assert.ok((await youngMiB(true)) <= 6)
  // What V8 does by itself, or none of it would be needed.
  assert.ok((await youngMiB(false)) > 6)
})
