import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { run } from './support/run.ts'
import { createTestBench } from './support/test-bench.ts'

const readme = new URL('../README.md', import.meta.url)
const clientSource = new URL('../src/index.ts', import.meta.url).href

/** The JavaScript blocks of the README as one program, in their order. */
async function examples(): Promise<string> {
  const text = await readFile(readme, 'utf8')
  return Array.from(text.matchAll(/^```js\n(.*?)^```$/gms), ([, code]) => code).join('\n')
}

test('README: its examples, in their order → run, against a real server', async (t) => {
  const bench = await createTestBench(t)
  const web = await bench.host('web-1', {
    leaf: { names: ['web-1', 'localhost', 'uri:spiffe://prod.example/web'] },
  })
  const { port } = await bench.serve(web, { allow: ['billing'] })
  const open = await bench.serveLeaf(await bench.pki.issue({ names: ['localhost'] }))
  const { live } = await bench.host('billing')
  const code = await examples()
  const program = `${code
    .replaceAll('/etc/mayfly/live/billing', live.path)
    .replace(/'(bundle|fullchain|key)\.pem'/g, (_, file) => `'${join(live.path, file)}.pem'`)
    .replaceAll("'@mayfly/client'", `'${clientSource}'`)
    .replace("trust.fetch('https://web-1:8443/')", `trust.fetch('${open.url}/')`)
    .replaceAll('https://web-1:8443', `https://localhost:${port}`)
    .replaceAll('https://10.0.0.7:8443', `https://127.0.0.1:${port}`)
    .replace('listen(8443)', "listen(0, '127.0.0.1')")}
    console.log(answer.status, await answer.text(), typeof agent.createConnection)
    process.exit()
  `
  const file = join(live.root, 'readme.mjs')
  await writeFile(file, program)
  const { stdout, stderr } = await run(process.execPath, ['-C', 'source', file])
  assert.equal(stdout, '200 hello function\n', stderr)
})
