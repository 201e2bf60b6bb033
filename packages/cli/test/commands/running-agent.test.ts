import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { passphrase } from '../support/make-root.ts'
import { makeToken } from '../support/make-token.ts'
import { mayfly, temporaryFolder } from '../support/run-mayfly.ts'
import { runIssuer } from '../support/running-issuer.ts'
import { startDaemon } from '../support/start-daemon.ts'

test('agent commands: enrolled, run, renewed and stopped, each told by status', async (context) => {
  const { folder, config, daemon } = await runIssuer(context)
  const host = join(folder, 'host')
  const agentConfig = join(host, 'agent.yaml')
  const web = await makeToken(host, config, 'web-1')
  const enroll = ['agent', 'enroll', '--config', agentConfig, '--token-file']
  const folders = ['--name', 'web', '--state', join(host, 'state'), '--live', join(host, 'live')]
  const enrolled = await mayfly([...enroll, web.path, ...folders, '--unit-dir', join(host, 'units')])
  assert.equal(enrolled.exitCode, 0, enrolled.stderr)
  assert.match(enrolled.stdout, /Installation +generation 1, installed; no port is looked at\n/)
  assert.match(
    await readFile(join(host, 'units', 'mayfly-agent.service'), 'utf8'),
    /agent run --config \/.*agent\.yaml\n/,
  )

  const status = () => mayfly(['agent', 'status', '--config', agentConfig, '--json'])
  const agent = startDaemon(['agent', 'run', '--config', agentConfig], context)
  await agent.logged('"event":"scheduled"')
  const second = await mayfly([...enroll, (await makeToken(host, config, 'api-1')).path])
  assert.match(second.stdout, /left to the running agent\n.*\n\nThe running agent keeps it fresh/)
  const renewed = await mayfly(['agent', 'renew', '--config', agentConfig, '--wait', '60s', '--json'])
  assert.equal(renewed.exitCode, 0, renewed.stderr)
  assert.deepEqual(JSON.parse(renewed.stdout).renewals[0].outcome.is, 'renewed')
  const running = await status()
  assert.equal(running.exitCode, 0, running.stdout)
  assert.equal(JSON.parse(running.stdout).certificates[0].installed.generation, 2)
  await mayfly(['identity', 'suspend', 'web-1', '--config', config])
  const refused = await mayfly(['agent', 'renew', 'web', '--config', agentConfig, '--wait', '10m'])
  assert.deepEqual([refused.exitCode, /web +refused +.*identity-suspended/.test(refused.stdout)], [8, true])
  const shown = async () => (await mayfly(['agent', 'status', '--config', agentConfig])).stdout
  assert.match(await shown(), /^web +critical +web-1 .* (next try|look at the issuer) in \d+/m)
  assert.equal(await agent.stop(), 0)
  assert.equal((await status()).exitCode, 2)
  // What it has kept is told of; what it will do next is nothing.
  assert.match(
    await shown(),
    /^CRITICAL: .*2 certificate\(s\), agent \S+ stopped\n(?:.*\n)*web .* in 23h \d+m .* -$/m,
  )

  const inspected = await mayfly([
    'inspect',
    join(host, 'live/web/fullchain.pem'),
    '--bundle',
    join(host, 'live/web/bundle.pem'),
  ])
  assert.equal(inspected.exitCode, 0, inspected.stdout)
  assert.equal(await daemon.stop(), 0)
  for (const text of [agent.log(), daemon.log(), enrolled.stdout, running.stdout]) {
    assert.ok(!text.includes(web.token) && !text.includes(passphrase) && !text.includes('PRIVATE KEY'))
  }
})

test('agent status: no agent has run, or no configuration → unknown to monitoring', async (context) => {
  const folder = await temporaryFolder(context)
  const { exitCode, stderr } = await mayfly([
    'agent',
    'status',
    '--config',
    join(folder, 'agent.yaml'),
    '--json',
  ])
  assert.equal(exitCode, 3)
  const { code, message } = JSON.parse(stderr).error
  assert.equal(code, 'file-missing')
  assert.match(message, /agent\.yaml: .* `mayfly agent enroll` writes it; or name another file with --config/)
})
