import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { type TestContext, test } from 'node:test'
import { layIssuer, signIssuer } from '../support/make-issuer.ts'
import { makeToken } from '../support/make-token.ts'
import { type Finished, mayfly, temporaryFolder } from '../support/run-mayfly.ts'
import { startDaemon } from '../support/start-daemon.ts'

interface Host {
  readonly folder: string
  /** Runs `mayfly agent …` with this host's configuration. */
  agent(...args: string[]): Promise<Finished>
}

async function layHost(context: TestContext): Promise<Host> {
  const setting = await layIssuer(await temporaryFolder(context))
  const { config, rootFingerprint } = setting
  const answer = await signIssuer(setting)
  await mayfly(['issuer', 'install', answer, '--config', config, '--root-fingerprint', rootFingerprint])
  const issuer = startDaemon(['issuer', 'run', '--config', config], context)
  await issuer.logged('"msg":"ready"')
  const folder = join(setting.folder, 'host')
  await makeToken(folder, config, 'web-1')
  const agentConfig = join(folder, 'agent.yaml')
  return { folder, agent: (...args) => mayfly(['agent', ...args, '--config', agentConfig]) }
}

test('a host from its enrolment on: preset, check, history, status and renew --now', async (context) => {
  const { folder, agent } = await layHost(context)
  const inHost = (name: string): string => join(folder, name)
  const pidFile = inHost('server.pid')
  const enroll = ['enroll', '--token-file', inHost('web-1.token'), '--name', 'web']
  // As a person says them, from where they are.
  const folders = ['--state', relative('.', inHost('state')), '--live', relative('.', inHost('live'))]

  const incomplete = await agent(...enroll, ...folders, '--preset', 'signal')
  assert.equal(incomplete.exitCode, 2)
  assert.match(incomplete.stderr, /The preset signal needs --pid-file and --signal/)

  const signal = ['--preset', 'signal', '--pid-file', pidFile, '--signal', 'SIGHUP', '--no-probe']
  const enrolled = await agent(...enroll, ...folders, ...signal, '--json')
  assert.equal(enrolled.exitCode, 0, enrolled.stderr)
  const written = await readFile(inHost('agent.yaml'), 'utf8')
  assert.match(written, /preset: signal/)
  assert.ok(written.includes(`state: ${inHost('state')}\n`), written)

  const broken = await agent('check', '--json')
  assert.equal(broken.exitCode, 10, broken.stdout)
  const { isReady, findings } = JSON.parse(broken.stdout)
  assert.equal(isReady, false)
  const found = findings.find(({ result }: { result: string }) => result === 'failed')
  assert.deepEqual([found.certificate, found.check, found.code], ['web', 'server', 'reload-failed'])
  assert.match(found.message, /Start the server/)

  // The server is taken out of the configuration while the agent runs.
  const server = startDaemon(['agent', 'run', '--config', inHost('agent.yaml')], context)
  await server.logged('"msg":"the agent is running"')
  await writeFile(
    inHost('agent.yaml'),
    (await readFile(inHost('agent.yaml'), 'utf8')).replace(/ {4}reload:\n( {6}.*\n)+/, ''),
  )
  await server.logged('"event":"served"')

  const checked = await agent('check')
  assert.equal(checked.exitCode, 0, checked.stdout + checked.stderr)
  assert.match(checked.stdout, /A rotation will work/)

  const renewed = await agent('renew', '--now', '--json')
  assert.equal(renewed.exitCode, 0, renewed.stderr)

  const status = await agent('status')
  assert.equal(status.exitCode, 0, status.stdout)
  assert.match(status.stdout, /^CERTIFICATE +LEVEL +IDENTITY +GENERATION +SERIAL +EXPIRES +SERVED +NEXT$/m)
  assert.match(
    status.stdout,
    /^web +ok +web-1 +2 +[0-9a-f]{32} +in 23h \d+m +not probed +renewal in \d+h \d+m$/m,
  )

  const history = await agent('history', '--certificate', 'web', '--since', '1h', '--json')
  const events = JSON.parse(history.stdout).events.map(({ event }: { event: string }) => event)
  for (const event of ['installed', 'served', 'received']) assert.ok(events.includes(event), event)
  assert.match((await agent('history', '--count', '1')).stdout, /^AT +CERTIFICATE +EVENT +DETAILS\n.+\n$/)
  assert.match((await agent('history', '--since', '2100-01-01')).stdout, /Nothing is written/)
  assert.equal((await agent('history', '--since', 'yesterday')).exitCode, 2)
})

test('mayfly agent run --help: → the signals; status --help: → the exit codes', async () => {
  const run = await mayfly(['agent', 'run', '--help'])
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGUSR2']) assert.match(run.stdout, new RegExp(signal))
  for (const daemon of ['agent', 'issuer']) {
    assert.match((await mayfly([daemon, 'status', '--help'])).stdout, /3 {2}unknown/)
  }
})
