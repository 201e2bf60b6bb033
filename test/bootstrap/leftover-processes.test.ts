import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'

const bootstrap = join(import.meta.dirname, '../../scripts/bootstrap.mjs')

/** A test that starts a server in a session of its own, writes its id to a file, and then does as told. */
function testWithServer(pidFile: string, ending: string): string {
  return `
    import { spawn } from 'node:child_process'
    import { writeFileSync } from 'node:fs'
    import { test } from 'node:test'
    test('starts a server', async () => {
      const server = spawn('sleep', ['3600'], { detached: true, stdio: 'ignore' })
      server.unref()
      writeFileSync(${JSON.stringify(pidFile)}, String(server.pid))
      ${ending}
    })`
}

describe('npm test', () => {
  let root: string
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'leftover-'))
  })
  after(() => rm(root, { recursive: true }))

  it('a test that passes and leaves a server → fails, names it, ends it', async () => {
    const pidFile = join(root, 'passing.pid')
    const run = await startRun('passing.test.mjs', testWithServer(pidFile, ''))
    const [code] = await once(run, 'close')
    assert.equal(code, 1)
    assert.match(run.output(), /left processes running:\n\d+ sleep 3600/)
    await untilGone(await readFile(pidFile, 'utf8'))
  })

  it('a run that is ended → ends its servers', async () => {
    const pidFile = join(root, 'hanging.pid')
    const run = await startRun(
      'hanging.test.mjs',
      testWithServer(pidFile, "console.log('started'); await new Promise(() => setInterval(() => {}, 1e6))"),
    )
    while (!run.output().includes('started')) await once(run.stdout, 'data')
    run.kill('SIGTERM')
    await once(run, 'close')
    await untilGone(await readFile(pidFile, 'utf8'))
  })

  async function startRun(name: string, source: string) {
    const path = join(root, name)
    await writeFile(path, source)
    const { NODE_TEST_CONTEXT: _, ...environment } = process.env
    const child = spawn(process.execPath, [bootstrap, 'test', path], {
      env: { ...environment, TMPDIR: '/tmp' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let text = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8')
      stream.on('data', (chunk: string) => {
        text += chunk
      })
    }
    return Object.assign(child, { output: () => text })
  }
})

/** Resolves once the process has ended; what its parent has yet to collect (state Z) counts as ended. */
async function untilGone(pid: string): Promise<void> {
  for (;;) {
    const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z')
    if (status.includes(') Z')) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
