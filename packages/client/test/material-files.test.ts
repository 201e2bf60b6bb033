import assert from 'node:assert/strict'
import fs from 'node:fs'
import { rm } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openIdentity } from '../src/index.ts'
import { resolvePaths } from '../src/material/material-files.ts'
import { createTestBench } from './support/test-bench.ts'

/** Runs `interfere` right after the first call of a function of `node:fs`, as another process would. */
function afterFirst(t: TestContext, name: 'realpathSync' | 'readFileSync', interfere: () => void): void {
  const original = fs[name] as (...given: unknown[]) => unknown
  let calls = 0
  const replaced = (...given: unknown[]): unknown => {
    const outcome = original(...given)
    calls += 1
    if (calls === 1) interfere()
    return outcome
  }
  const mocked = t.mock.method(fs, name, replaced as never)
  syncBuiltinESMExports()
  t.after(() => {
    mocked.mock.restore()
    syncBuiltinESMExports()
  })
}

function swapLink(path: string, target: string): void {
  fs.symlinkSync(target, `${path}.next`)
  fs.renameSync(`${path}.next`, path)
}

test('paths: the link is swapped after its first resolution → all files of one generation', async (t) => {
  const bench = await createTestBench(t)
  const live = await bench.live(await bench.pki.issue({ names: ['one'] }))
  const first = fs.realpathSync(live.path)
  const second = await live.install(await bench.pki.issue({ names: ['two'] }), bench.pki.bundlePem)
  swapLink(live.path, first)
  afterFirst(t, 'realpathSync', () => swapLink(live.path, second))
  const paths = resolvePaths({
    bundle: join(live.path, 'bundle.pem'),
    own: { cert: join(live.path, 'fullchain.pem'), key: join(live.path, 'key.pem') },
  })
  const folders = [paths.bundle, paths.own?.cert ?? '', paths.own?.key ?? ''].map((path) => dirname(path))
  assert.deepEqual(folders, [first, first, first])
})

test('open: the generation is replaced and removed while it is read → the next one is read', async (t) => {
  const bench = await createTestBench(t)
  const live = await bench.live(await bench.pki.issue({ names: ['one'] }))
  const first = fs.realpathSync(live.path)
  const leaf = await bench.pki.issue({ names: ['two'] })
  const second = await live.install(leaf, bench.pki.bundlePem)
  swapLink(live.path, first)
  afterFirst(t, 'readFileSync', () => {
    swapLink(live.path, second)
    fs.rmSync(first, { recursive: true })
  })
  const identity = await openIdentity(live.path)
  bench.after(() => identity.close())
  assert.equal(identity.certificate.serial, leaf.serial)
})

test('open: each file missing → its own code and path', async (t) => {
  const bench = await createTestBench(t)
  const missing = [
    ['bundle.pem', 'bundle-missing'],
    ['fullchain.pem', 'certificate-missing'],
    ['key.pem', 'key-missing'],
  ] as const
  for (const [file, code] of missing) {
    const live = await bench.live(await bench.pki.issue({ names: ['web-1'] }))
    await rm(join(live.path, file))
    await assert.rejects(openIdentity(live.path), { code, message: new RegExp(file) })
  }
  await assert.rejects(openIdentity('/nowhere/web'), { code: 'bundle-missing', message: /\/nowhere\/web/ })
})

test('open: a file of over a megabyte → file-unreadable', async (t) => {
  const bench = await createTestBench(t)
  const live = await bench.live(await bench.pki.issue({ names: ['web-1'] }), '#\n'.repeat(600_000))
  await assert.rejects(openIdentity(live.path), { code: 'file-unreadable' })
})
