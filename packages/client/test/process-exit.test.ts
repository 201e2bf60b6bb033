import assert from 'node:assert/strict'
import { test } from 'node:test'
import { run } from './support/run.ts'
import { createTestBench } from './support/test-bench.ts'

test('process: done after one call, identity left open → ends by itself', async (t) => {
  const bench = await createTestBench(t)
  const { url } = await bench.serveLeaf(await bench.pki.issue({ names: ['localhost'] }))
  const { live } = await bench.host('billing')
  const program = `
    import { openIdentity } from ${JSON.stringify(new URL('../src/index.ts', import.meta.url).href)}
    const identity = await openIdentity(${JSON.stringify(live.path)})
    const answer = await identity.fetch(${JSON.stringify(url)}, { headers: { connection: 'close' } })
    console.log(await answer.text())
  `
  const { exitCode, stdout, stderr } = await run(process.execPath, [
    '-C',
    'source',
    '--input-type=module',
    '-e',
    program,
  ])
  assert.deepEqual([exitCode, stdout, stderr], [0, 'hello\n', ''])
})
