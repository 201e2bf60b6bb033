import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { serverTimeouts } from '../../packages/issuer-daemon/src/api/front/https-server.ts'
import type { Change } from '../../packages/issuer-daemon/src/store/change.ts'
import type { BulkOrder } from '../../packages/issuer-daemon/src/store/sqlite/writing/bulk-order.ts'
import { packChanges } from '../../packages/issuer-daemon/src/store/sqlite/writing/packed-changes.ts'
import { settled, startBenchFleet } from '../bench/agents/bench-fleet.ts'

const root = join(import.meta.dirname, '../..')
const libraries = ['ca-core', 'client', 'platform', 'issuer-daemon', 'agent']
const packageNames = [...libraries, 'cli']
const timeoutMs = 240_000

/** The pinned Node first, as a user of the packages has it; nothing that this npm run or test set. */
const environment = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:npm_|NODE_TEST_)/i.test(name))),
  PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
}

async function run(folder: string, program: string, ...given: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, given, {
    cwd: folder,
    env: environment,
    timeout: timeoutMs,
  })
  return stdout
}

describe('packages, built, packed and installed with plain npm', () => {
  let scratch: string
  let tarballs: string
  let home: string

  before(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'pack-'))
    tarballs = join(scratch, 'tarballs')
    home = join(scratch, 'home')
    for (const folder of [tarballs, home]) await mkdir(folder)
    const { packageManager, version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
    const pnpm = (folder: string, ...given: string[]) => run(folder, 'npx', '--yes', packageManager, ...given)
    // What an earlier build left of files that are gone would be packed too; packing builds.
    for (const name of packageNames)
      await rm(join(root, 'packages', name, 'dist'), { recursive: true, force: true })
    for (const name of packageNames) {
      await pnpm(join(root, 'packages', name), 'pack', '--pack-destination', tarballs)
    }
    await writeFile(join(home, 'package.json'), '{ "private": true }')
    const files = packageNames.map((name) => join(tarballs, `mayfly-${name}-${version}.tgz`))
    await run(home, 'npm', 'install', '--no-audit', '--no-fund', '--prefer-offline', ...files)
  })
  after(() => rm(scratch, { recursive: true, force: true }))

  it('a tarball: → built code, types, README and licence, and no source or tests', async () => {
    for (const name of packageNames) {
      const installed = join(home, 'node_modules', '@mayfly', name)
      const found = (await readdir(installed)).filter(
        (entry) => !/^node_modules$|\.schema\.json$/.test(entry),
      )
      assert.deepEqual(found.sort(), ['LICENSE', 'README.md', 'dist', 'package.json'])
      const files = await readdir(join(installed, 'dist'), { recursive: true })
      const entries = name === 'cli' ? ['main.js'] : ['index.js', 'index.d.ts']
      assert.deepEqual(
        entries.filter((file) => !files.includes(file)),
        [],
        name,
      )
      assert.deepEqual(
        files.filter((file) => /(?<!\.d)\.ts$|\.test\.|\.tsbuildinfo$/.test(file)),
        [],
      )
    }
  })

  it('a manifest: → real versions for the workspace, no condition of the source', async () => {
    for (const name of packageNames) {
      const text = await readFile(join(home, 'node_modules/@mayfly', name, 'package.json'), 'utf8')
      assert.doesNotMatch(text, /workspace:/)
      assert.doesNotMatch(text.split('"publishConfig"')[0] ?? '', /"source"/)
    }
  })

  it('the cli: → carries the systemd units that it puts in place', async () => {
    const units = await readdir(join(home, 'node_modules/@mayfly/cli/dist/packaging/systemd'))
    assert.deepEqual(units.sort(), ['mayfly-agent.service', 'mayfly-issuer.service', 'mayfly.sysusers.conf'])
  })

  it('mayfly --version and --help: → run from the bin folder', async () => {
    const { version } = JSON.parse(await readFile(join(root, 'packages/cli/package.json'), 'utf8'))
    assert.equal((await run(home, join(home, 'node_modules/.bin/mayfly'), '--version')).trim(), version)
    assert.match(await run(home, join(home, 'node_modules/.bin/mayfly'), '--help'), /root.*issuer.*agent/s)
  })

  it('the cli: → brings the licences of the libraries that are inside, and needs nothing else', async () => {
    const installed = join(home, 'node_modules/@mayfly/cli')
    const manifest = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'))
    assert.deepEqual(manifest.dependencies ?? {}, {})
    const licences = await readFile(join(installed, 'dist/THIRD-PARTY-LICENSES.txt'), 'utf8')
    for (const library of ['commander', 'fastify', 'jose', 'zod'])
      assert.match(licences, new RegExp(`^${library} \\d.*\\n=+\\n\\n.*\\w`, 'm'))
  })

  it('the cli: → its issuer and its agent run from the bundle', async () => {
    const fleet = await startBenchFleet([
      process.execPath,
      join(home, 'node_modules/@mayfly/cli/dist/main.js'),
    ])
    try {
      const configuration = await fleet.enrol('host', ['web-1'])
      const status = await settled(await fleet.startAgent(configuration), configuration)
      assert.equal(status.level, 'ok')
    } finally {
      await fleet.stop()
    }
  })

  it('the thread that writes: → beside the library that starts it, and beside the bundle', async () => {
    const path = join(scratch, 'threads.sqlite')
    const change: Change = { at: 1, parts: [{ do: 'accept-clock' }] }
    const changes = packChanges([change])
    const bytes = JSON.stringify([...changes.bytes])
    const order: BulkOrder = { do: 'transact', changes, thenCheckpoint: false }
    const written = `import { openSqliteStore } from '@mayfly/issuer-daemon'
      import { Worker } from 'node:worker_threads'
      const store = await openSqliteStore({ path: '${path}', changesInLoopMax: 0 })
      const [outcome] = await store.commit([${JSON.stringify(change)}])
      await store.close()
      const worker = new Worker('./node_modules/@mayfly/cli/dist/bulk-thread.js', { workerData: '${path}' })
      const order = ${JSON.stringify(order)}
      order.changes.bytes = Uint8Array.from(${bytes})
      worker.postMessage(order)
      worker.on('message', (answer) => {
        worker.postMessage({ do: 'close' })
        console.log(outcome.done, answer.done)
      })`
    await writeFile(join(home, 'threads.js'), written)
    assert.equal((await run(home, 'node', 'threads.js')).trim(), 'true true')
  })

  it('the thread that verifies: → beside the library that starts it, and beside the bundle', async () => {
    const started = `import { once } from 'node:events'
      import { Worker } from 'node:worker_threads'
      for (const path of ['cli/dist/verifier-thread.js', 'issuer-daemon/dist/verifying/verifier-thread.js']) {
        const worker = new Worker('./node_modules/@mayfly/' + path)
        const [isThere] = await once(worker, 'message')
        console.log(isThere.length)
        await worker.terminate()
      }`
    await writeFile(join(home, 'verifiers.js'), started)
    assert.equal((await run(home, 'node', 'verifiers.js')).trim(), '0\n0')
  })

  it("the process of an HSM's module: → beside the library that starts it, and beside the bundle", async () => {
    const asked = `import { fork } from 'node:child_process'
      import { once } from 'node:events'
      for (const path of ['cli/dist/child/hsm-child.js', 'platform/dist/hsm/child/hsm-child.js']) {
        const execArgv = ['--experimental-ffi', '--disable-warning=ExperimentalWarning']
        const child = fork('./node_modules/@mayfly/' + path, { execArgv, serialization: 'advanced' })
        const question = { number: 1, call: 'open', module: '/nowhere.so', choice: {}, pin: new Uint8Array(4) }
        child.send(question)
        const [answer] = await once(child, 'message')
        console.log(answer.number, answer.fault.message.includes('/nowhere.so'))
        child.disconnect()
      }`
    await writeFile(join(home, 'modules.js'), asked)
    assert.equal((await run(home, 'node', 'modules.js')).trim(), '1 true\n1 true')
  })

  it('the thread that serves callers: → beside the library that starts it, and beside the bundle', async () => {
    const rate = { perMinute: 1, burst: 1 }
    const names = ['address', 'identity', 'enrolmentFailures', 'unproven', 'unprovenInAll', 'newcomers']
    const limits = { ...Object.fromEntries(names.map((name) => [name, rate])), relays: [], connections: 1 }
    const settings = {
      faces: [],
      listen: { host: '127.0.0.1', port: 0 },
      timeouts: serverTimeouts,
      limits,
      material: { keyPem: '', chainPem: '' },
    }
    const started = `import { once } from 'node:events'
      import { Worker } from 'node:worker_threads'
      for (const path of ['cli/dist/front-thread.js', 'issuer-daemon/dist/api/front/thread/front-thread.js']) {
        const worker = new Worker('./node_modules/@mayfly/' + path, { workerData: ${JSON.stringify(settings)} })
        const [{ is }] = await once(worker, 'message')
        console.log(is)
        await worker.terminate()
      }`
    await writeFile(join(home, 'fronts.js'), started)
    assert.equal((await run(home, 'node', 'fronts.js')).trim(), 'open\nopen')
  })

  it('every library: imported as a module and required → the same exports', async () => {
    for (const name of libraries) {
      const imported = `import * as all from '@mayfly/${name}'; console.log(Object.keys(all).sort().join())`
      const required = `console.log(Object.keys(require('@mayfly/${name}')).sort().join())`
      const exported = await run(home, 'node', '--input-type=module', '-e', imported)
      assert.notEqual(exported.trim(), '')
      assert.equal(await run(home, 'node', '--input-type=commonjs', '-e', required), exported)
    }
  })

  it('@mayfly/client alone: → needs none of the others', async () => {
    const alone = join(scratch, 'alone')
    await mkdir(alone)
    await writeFile(join(alone, 'package.json'), '{ "private": true, "type": "module" }')
    const [tarball = ''] = (await readdir(tarballs)).filter((file) => file.startsWith('mayfly-client-'))
    await run(alone, 'npm', 'install', '--no-audit', '--no-fund', '--prefer-offline', join(tarballs, tarball))
    assert.deepEqual(await readdir(join(alone, 'node_modules/@mayfly')), ['client'])
    await writeFile(
      join(alone, 'try.js'),
      "import { openIdentity } from '@mayfly/client'\nconsole.log(typeof openIdentity)",
    )
    assert.equal((await run(alone, 'node', 'try.js')).trim(), 'function')
  })
})
