import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { pathToFileURL } from 'node:url'

/** What the benches of this test do: give figures, fail between two, leave a server, hang. */
const list = `
  import { spawn } from 'node:child_process'
  import { mkdtempSync, writeFileSync } from 'node:fs'
  import { tmpdir } from 'node:os'
  import { join } from 'node:path'
  const figure = (name, value, aim) => ({ name, value, unit: 'things', aim })
  const folder = process.env.BENCH_TEST
  const bench = (run) => async () => ({ run })
  export const benches = {
    met: bench(async () => [figure('met.count', 3, { atLeast: 3 })]),
    missed: bench(async function* ({ quick }) { yield figure('missed.ms', quick ? 7 : 70, { atMost: 5 }) }),
    broken: bench(async function* () {
      yield figure('broken.first', 1)
      const server = spawn('sleep', ['3600'], { detached: true, stdio: 'ignore' })
      writeFileSync(join(folder, 'pid'), String(server.pid))
      mkdtempSync(join(tmpdir(), 'left-'))
      throw new Error('no such luck')
    }),
    'last.of': bench(async () => [figure('last.of.all', 1)]),
    misnamed: bench(async () => [figure('other.count', 1)]),
    endless: bench(async function* () {
      yield figure('endless.first', 1)
      await new Promise(() => setInterval(() => undefined, 1e6))
    }),
    nothing: bench(async () => [figure('nothing.ratio', 0 / 0)]),
  }`

let folder: string
let json: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bench-'))
  json = join(folder, 'figures.json')
  await writeFile(join(folder, 'list.mjs'), list)
})
after(() => rm(folder, { recursive: true }))

interface Run {
  readonly child: ChildProcess
  output(): string
  ended: Promise<number>
}

function start(...given: string[]): Run {
  const program = `
    import { runBenches } from ${JSON.stringify(pathToFileURL(join(import.meta.dirname, 'run-benches.ts')).href)}
    const list = ${JSON.stringify(pathToFileURL(join(folder, 'list.mjs')).href)}
    process.exit(await runBenches(list, process.argv.slice(1)))`
  const child = spawn(
    process.execPath,
    ['-C', 'source', '--input-type=module', '-e', program, '--', ...given],
    {
      env: { ...process.env, BENCH_TEST: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (text) => {
      output += text
    })
  }
  return { child, output: () => output, ended: once(child, 'close').then(([code]) => code as number) }
}

async function run(...given: string[]): Promise<{ code: number; output: string }> {
  const { ended, output } = start(...given)
  return { code: await ended, output: output() }
}

async function written(): Promise<{
  benches: Record<string, { outcome: string; because?: string; seconds?: number }>
  figures: Record<string, number>
  details: Record<string, { meetsAim: boolean }>
}> {
  return JSON.parse(await readFile(json, 'utf8'))
}

test('bench: one fails between two → it is told, the others are measured, all figures are kept, exit code 1', async () => {
  const { code, output } = await run('--json', json, 'met', 'broken', 'last')
  assert.equal(code, 1)
  assert.match(output, /no such luck/)
  assert.match(output, /^broken: FAILED/m)
  assert.match(output, /Failed benches: broken$/m)
  const { figures, benches } = await written()
  assert.deepEqual(figures, { 'met.count': 3, 'broken.first': 1, 'last.of.all': 1 })
  assert.deepEqual(
    Object.entries(benches).map(([name, { outcome }]) => `${name} ${outcome}`),
    ['met measured', 'broken failed', 'last.of measured'],
  )
})

test('bench: one fails → nothing that it started or wrote is left', async () => {
  const { output } = await run('broken')
  const pid = await readFile(join(folder, 'pid'), 'utf8')
  assert.match(output, new RegExp(`${pid} sleep 3600`))
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z')
  assert.match(status, /\) Z/)
  assert.deepEqual(
    (await readdir(tmpdir())).filter((name) => name.startsWith('left-')),
    [],
  )
})

test('bench: an aim is missed → said in the table and at the end; exit code 0, and 1 with --strict', async () => {
  const lax = await run('--quick', '--json', json, 'met', 'missed')
  assert.equal(lax.code, 0)
  assert.match(lax.output, /^met\.count .* \(aim: at least 3\)$/m)
  assert.match(lax.output, /Missed aims: 1\nmissed\.ms +7 things \(aim: at most 5; MISSED\)$/m)
  assert.equal((await written()).details['missed.ms']?.meetsAim, false)
  assert.equal((await run('--strict', 'met')).code, 0)
  assert.equal((await run('--strict', 'met', 'missed')).code, 1)
})

test('bench: a figure without the name of its bench, or that is no number → the bench fails', async () => {
  const { code, output } = await run('misnamed', 'nothing')
  assert.equal(code, 1)
  assert.match(output, /other\.count does not begin with misnamed/)
  assert.match(output, /nothing\.ratio is NaN/)
})

test('bench: ended by a signal → the file has what was measured, and the exit code is the signal’s', async () => {
  const { child, ended, output } = start('--json', json, 'met', 'endless', 'nothing')
  while (!output().includes('endless.first')) await once(child.stdout as NodeJS.ReadableStream, 'data')
  child.kill('SIGTERM')
  assert.equal(await ended, 143)
  const { figures, benches } = await written()
  assert.deepEqual(figures, { 'met.count': 3, 'endless.first': 1 })
  assert.equal(benches.nothing?.outcome, 'not yet')
})

test('bench: an unknown name or option → exit code 2, and what there is', async () => {
  const unknown = await run('metal')
  assert.equal(unknown.code, 2)
  assert.match(unknown.output, /no bench metal, but: met, missed, broken/)
  const option = await run('--jsno', json)
  assert.equal(option.code, 2)
  assert.match(option.output, /--jsno[\s\S]*Usage/)
  const help = await run('--help')
  assert.equal(help.code, 0)
  assert.match(help.output, /Exit code/)
})
