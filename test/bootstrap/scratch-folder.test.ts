import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { makeScratch, removeScratch } from '../../scripts/bootstrap/scratch-folder.mjs'

const module = new URL('../../scripts/bootstrap/scratch-folder.mjs', import.meta.url).href

test('a run of the tests is killed → its folder is removed by the next one; those of others are left alone', async (t) => {
  const parent = await mkdtemp(join(tmpdir(), 'scratch-'))
  t.after(() => rm(parent, { recursive: true }))
  // Not of a run: of who knows what.
  await mkdir(join(parent, 'mayfly-AbCdEf'))
  await mkdir(join(parent, 'mayfly-other-container'))
  await mkdir(join(parent, 'mayfly-GhIjKl'))
  const elsewhere = { pid: 4_194_305, space: 'pid:[1]' }
  await writeFile(join(parent, 'mayfly-GhIjKl', 'owner'), JSON.stringify(elsewhere))
  const script = `import { makeScratch } from ${JSON.stringify(module)}
    console.log(makeScratch(${JSON.stringify(parent)}).scratch); setInterval(() => undefined, 1e3)`
  const killed = spawn(process.execPath, ['--input-type=module', '-e', script])
  t.after(() => killed.kill('SIGKILL'))
  const [said] = await once(killed.stdout, 'data')
  const left = String(said).trim()

  const beside = makeScratch(parent)
  assert.ok((await readdir(parent)).includes(basename(left)), 'while it runs it stays')
  killed.kill('SIGKILL')
  await once(killed, 'close')
  const next = makeScratch(parent)
  assert.deepEqual(
    new Set(await readdir(parent)),
    new Set([
      'mayfly-AbCdEf',
      'mayfly-other-container',
      'mayfly-GhIjKl',
      basename(beside.scratch),
      basename(next.scratch),
    ]),
  )
  for (const { scratch } of [beside, next]) removeScratch(scratch)
  assert.equal((await readdir(parent)).length, 3)
})
