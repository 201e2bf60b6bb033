import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'

const run = promisify(execFile)
const source = new URL('../../src/index.ts', import.meta.url)

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mayfly-open-store-'))
})
after(() => rm(folder, { recursive: true }))

/** Opens the store in a process of its own, and tells whether the driver of PostgreSQL was asked for. */
async function loadsDriver(location: string): Promise<boolean> {
  const script = join(folder, 'open.mjs')
  await writeFile(
    script,
    `import { registerHooks } from 'node:module'
let asked = false
registerHooks({
  resolve(specifier, context, next) {
    asked ||= specifier === 'pg'
    return next(specifier, context)
  },
})
const { openStore } = await import(${JSON.stringify(source.href)})
const { nodeFileSystem, systemClock, systemRandom } = await import(${JSON.stringify(import.meta.resolve('@mayfly/platform'))})
const ports = { fileSystem: nodeFileSystem, environment: {}, clock: systemClock, random: systemRandom }
const store = await openStore(${location}, ports).catch(() => undefined)
await store?.close()
console.log(asked)`,
  )
  const { stdout } = await run(process.execPath, ['-C', 'source', script])
  return JSON.parse(stdout) as boolean
}

test('open store: SQLite → the driver of PostgreSQL is not loaded', async () => {
  const path = JSON.stringify(join(folder, 'store.sqlite'))
  assert.equal(await loadsDriver(`{ kind: 'sqlite', path: ${path} }`), false)
})

test('open store: PostgreSQL → it is loaded', async () => {
  const ca = JSON.stringify(join(folder, 'missing.pem'))
  const address = '{ hosts: [], user: "mayfly", database: "mayfly" }'
  assert.equal(
    await loadsDriver(`{ kind: 'postgres', address: ${address}, ca: ${ca}, leaseSeconds: 300 }`),
    true,
  )
})
