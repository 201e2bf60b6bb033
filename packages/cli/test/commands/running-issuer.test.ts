import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { readEnrolmentToken } from '@mayfly/ca-core'
import { type IssuerSetting, layIssuer, signIssuer } from '../support/make-issuer.ts'
import { passphrase } from '../support/make-root.ts'
import { mayfly, temporaryFolder } from '../support/run-mayfly.ts'
import { type Daemon, startDaemon } from '../support/start-daemon.ts'

interface Running extends IssuerSetting {
  readonly daemon: Daemon
  /** Runs a command against this issuer; resolves to its JSON answer. */
  ask(
    ...args: string[]
  ): Promise<Record<string, never> & { exitCode: number | null; code: string | undefined }>
}

async function runIssuer(context: TestContext): Promise<Running> {
  const setting = await layIssuer(await temporaryFolder(context))
  const { config, rootFingerprint } = setting
  const answer = await signIssuer(setting)
  await mayfly(['issuer', 'install', answer, '--config', config, '--root-fingerprint', rootFingerprint])
  const daemon = startDaemon(['issuer', 'run', '--config', config], context)
  await daemon.logged('"msg":"ready"')
  const ask: Running['ask'] = async (...args) => {
    const { exitCode, stdout, stderr } = await mayfly([...args, '--config', config, '--json'])
    const answered = stdout === '' ? {} : JSON.parse(stdout)
    return { ...answered, exitCode, code: stderr === '' ? undefined : JSON.parse(stderr).error.code }
  }
  return { ...setting, daemon, ask }
}

test('identity commands: an identity from its beginning to its suspension and back', async (context) => {
  const { ask } = await runIssuer(context)
  const added = await ask('identity', 'add', 'web-1', '--profile', 'peer', '--name', 'dns:WEB-1.example')
  assert.deepEqual(
    [added.name, added.profile, added.names, added.state],
    ['web-1', 'peer', ['dns:web-1.example'], 'new'],
  )
  assert.deepEqual(
    [
      (await ask('identity', 'add', 'web-1', '--name', 'dns:other.example')).exitCode,
      (await ask('identity', 'add', '../x')).code,
    ],
    [8, 'name-invalid'],
  )
  const { identities } = await ask('identity', 'list')
  assert.deepEqual(
    (identities as unknown as { name: string }[]).map(({ name }) => name),
    ['issuer', 'web-1'],
  )
  assert.equal((await ask('identity', 'suspend', 'web-1')).state, 'suspended')
  const suspended = await ask('identity', 'list', '--state', 'suspended')
  assert.equal((suspended.identities as unknown as unknown[]).length, 1)
  assert.equal((await ask('identity', 'resume', 'web-1')).exitCode, 0)
  assert.equal((await ask('identity', 'show', 'web-1')).state, 'new')
  assert.deepEqual((await ask('identity', 'show', 'web-2')).code, 'identity-unknown')
})

test('identity list: filters, for a program and for a person', async (context) => {
  const { ask, config } = await runIssuer(context)
  for (const name of ['web-1', 'web-2', 'db-1'])
    await ask('identity', 'add', name, '--name', `dns:${name}.example`)
  const found = async (...args: string[]) =>
    ((await ask('identity', 'list', ...args)).identities as unknown as { name: string }[]).map(
      ({ name }) => name,
    )
  assert.deepEqual(await found('--name', 'web-*'), ['web-1', 'web-2'])
  assert.deepEqual(await found('--state', 'new', '--seen-before', '1s'), ['db-1', 'web-1', 'web-2'])
  assert.deepEqual(await found('--overdue'), [])
  assert.deepEqual(await found('--bundle-behind', '--agent-version', '1.0.0'), [])
  const shown = await mayfly([
    'identity',
    'list',
    '--profile',
    'server',
    '--name',
    'db-*',
    '--config',
    config,
  ])
  assert.match(shown.stdout, /^IDENTITY +STATE +PROFILE .*\ndb-1 +new +server .* dns:db-1\.example\n$/)
  const none = await mayfly(['identity', 'list', '--due', '--config', config])
  assert.equal(none.stdout, 'There are no such identities.\n')
  assert.equal((await ask('identity', 'list', '--name', 'WEB;')).code, 'request-invalid')
  assert.equal((await ask('identity', 'list', '--seen-before', 'noon')).code, 'usage')
})

test('identity apply: ten thousand from a file, shown, done at once, and nothing left to do', async (context) => {
  const { ask, config, folder } = await runIssuer(context)
  const file = join(folder, 'identities.yaml')
  await ask('identity', 'add', 'old-1', '--name', 'dns:old-1.example')
  const count = 10_000
  const lines = Array.from(
    { length: count },
    (_, index) => `  web-${index}: { names: [web-${index}.example] }`,
  )
  await writeFile(file, ['identities:', ...lines, ''].join('\n'))
  const apply = ['identity', 'apply', '-f', file]
  const dry = await ask(...apply, '--dry-run')
  assert.deepEqual(
    [dry.exitCode, dry.applied, (dry.added as unknown as unknown[]).length, dry.left],
    [11, false, count, ['old-1']],
  )
  assert.equal((await ask('identity', 'show', 'web-7')).code, 'identity-unknown')
  const done = await ask(...apply)
  assert.deepEqual(
    [done.exitCode, done.applied, (done.added as unknown as unknown[]).length],
    [0, true, count],
  )
  const again = await ask(...apply, '--dry-run')
  assert.deepEqual([again.exitCode, again.unchanged], [0, count])

  await writeFile(
    file,
    'identities:\n  web-1: { profile: peer, names: [web-1.example] }\n  web-2: { names: [web-2.example] }\n',
  )
  const shown = await mayfly([...apply, '--dry-run', '--prune', '--config', config])
  assert.equal(shown.exitCode, 11)
  assert.match(shown.stdout, /^Would be done: 0 to add, 1 to change, 9999 to suspend, 1 as declared\n/)
  assert.match(shown.stdout, /~ web-1: server dns:web-1\.example\n {2}-> peer dns:web-1\.example\n/)
  assert.match(shown.stdout, /- old-1: suspended, for it is not declared\n/)
  assert.match(shown.stdout, /… and 9899 more\n$/)
  const kept = await mayfly([...apply, '--config', config])
  assert.match(kept.stdout, /9999 not declared, and left; --prune suspends them:\n {2}= old-1\n/)
  assert.equal((await ask('identity', 'show', 'old-1')).state, 'new' as never)

  await writeFile(file, 'identities:\n  web-1: { nams: [web-1.example] }\n')
  const wrong = await mayfly([...apply, '--config', config])
  assert.equal(wrong.exitCode, 3)
  assert.match(
    wrong.stderr,
    /identities\.yaml:2:12: identities\.web-1\.nams: is not a known key; did you mean names\?/,
  )
})

test('issuer status: the sweep, authorities, agents and the store, in words', async (context) => {
  const { config } = await runIssuer(context)
  const { exitCode, stdout } = await mayfly(['issuer', 'status', '--config', config])
  assert.equal(exitCode, 0, stdout)
  assert.match(stdout, /Last sweep +\S+: \d+ due, 0 minted, 0 failed, in \d/)
  assert.match(stdout, /Oldest unfetched +\(none\)/)
  assert.match(stdout, /Store +\d+\.\d MiB/)
  assert.match(stdout, /intermediate +CN=.*\n +root +CN=/)
  assert.match(stdout, /Agents: 0, 0 behind the trust bundle/)
})

test('token commands: created, listed, revoked; the token alone on standard output', async (context) => {
  const { ask, config, url, rootFingerprint } = await runIssuer(context)
  const created = await mayfly([
    'token',
    'create',
    'web-1',
    '--name',
    'dns:web-1.example',
    '--config',
    config,
    '--life',
    '5m',
  ])
  assert.match(created.stdout, /^[\w-]+\.[\w-]+\.[\w-]+\n$/)
  const claims = readEnrolmentToken(created.stdout)
  assert.deepEqual(
    [claims.issuerUrl, claims.rootFingerprint, claims.identity],
    [url, rootFingerprint, 'web-1'],
  )
  assert.equal(claims.expiresAt - claims.issuedAt, 300_000)
  assert.ok(!created.stderr.includes(created.stdout.trim()))
  assert.equal((await ask('token', 'revoke', claims.jti)).exitCode, 0)
  const { tokens } = await ask('token', 'list')
  assert.deepEqual(
    (tokens as unknown as { state: string }[]).map(({ state }) => state),
    ['revoked'],
  )
  assert.equal((await ask('token', 'revoke', 'AAAAAAAAAAAAAAAAAAAAAA')).code, 'token-unknown')
  assert.equal((await ask('token', 'create', 'db-1')).code, 'identity-unknown')
})

test('agent commands: enrolled, run, renewed and stopped, each told by status', async (context) => {
  const { folder, config, daemon } = await runIssuer(context)
  const host = join(folder, 'host')
  await mkdir(host)
  const agentConfig = join(host, 'agent.yaml')
  const created = await mayfly([
    'token',
    'create',
    'web-1',
    '--name',
    'dns:web-1.example',
    '--config',
    config,
  ])
  const tokenFile = join(host, 'token')
  await writeFile(tokenFile, created.stdout)
  await chmod(tokenFile, 0o600)
  const enroll = ['agent', 'enroll', '--token-file', tokenFile, '--config', agentConfig, '--json']
  const folders = ['--name', 'web', '--state', join(host, 'state'), '--live', join(host, 'live')]
  const enrolled = await mayfly([...enroll, ...folders, '--unit-dir', join(host, 'units')])
  assert.equal(enrolled.exitCode, 0, enrolled.stderr)
  assert.equal(JSON.parse(enrolled.stdout).installation.is, 'installed')
  assert.match(
    await readFile(join(host, 'units', 'mayfly-agent.service'), 'utf8'),
    /agent run --config \/.*agent\.yaml\n/,
  )

  const status = () => mayfly(['agent', 'status', '--config', agentConfig, '--json'])
  const agent = startDaemon(['agent', 'run', '--config', agentConfig], context)
  await agent.logged('"event":"scheduled"')
  const renewed = await mayfly(['agent', 'renew', '--config', agentConfig, '--wait', '60s', '--json'])
  assert.equal(renewed.exitCode, 0, renewed.stderr)
  assert.deepEqual(JSON.parse(renewed.stdout).renewals[0].outcome.is, 'renewed')
  const running = await status()
  assert.equal(running.exitCode, 0, running.stdout)
  assert.equal(JSON.parse(running.stdout).certificates[0].installed.generation, 2)
  assert.equal(await agent.stop(), 0)
  assert.equal((await status()).exitCode, 2)

  const inspected = await mayfly([
    'inspect',
    join(host, 'live/web/fullchain.pem'),
    '--bundle',
    join(host, 'live/web/bundle.pem'),
  ])
  assert.equal(inspected.exitCode, 0, inspected.stdout)
  assert.equal(await daemon.stop(), 0)
  for (const text of [agent.log(), daemon.log(), enrolled.stdout, running.stdout]) {
    assert.ok(
      !text.includes(created.stdout.trim()) && !text.includes(passphrase) && !text.includes('PRIVATE KEY'),
    )
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
  assert.equal(JSON.parse(stderr).error.code, 'file-missing')
})

test('inspect: a live issuer → what it presents, and whether a bundle trusts it', async (context) => {
  const { url, root, daemon } = await runIssuer(context)
  const live = await mayfly(['inspect', url, '--bundle', join(root, 'bundle.jws'), '--json'])
  assert.equal(live.exitCode, 0, live.stderr)
  const answer = JSON.parse(live.stdout)
  assert.deepEqual([answer.protocol, answer.certificates.length, answer.trust.ok], ['TLSv1.3', 2, true])
  const misnamed = await mayfly([
    'inspect',
    url,
    '--bundle',
    join(root, 'bundle.pem'),
    '--server-name',
    'web-1.example',
    '--json',
  ])
  assert.deepEqual([misnamed.exitCode, JSON.parse(misnamed.stdout).trust.code], [6, 'name-mismatch'])
  assert.equal(await daemon.stop(), 0)
  assert.equal((await mayfly(['inspect', url, '--json'])).exitCode, 9)
})

test('audit commands: whole, exported with the hash of each line, shown line by line', async (context) => {
  const { ask, config, state } = await runIssuer(context)
  for (const name of ['web-1', 'web-2']) await ask('identity', 'add', name, '--name', `dns:${name}.example`)
  const verified = await ask('audit', 'verify')
  assert.deepEqual([verified.exitCode, verified.first], [0, 1])
  assert.ok(Number(verified.last) >= 3)

  const all = await mayfly(['audit', 'export', '--config', config])
  const lines = all.stdout.trimEnd().split('\n')
  assert.equal(lines.length, Number(verified.last))
  let previous: Uint8Array = new Uint8Array(32)
  for (const line of lines) {
    const { hash } = JSON.parse(line) as { hash: string }
    const text = line.slice(line.indexOf('"record":') + '"record":'.length, -1)
    previous = createHash('sha256').update(previous).update(text).digest()
    assert.equal(Buffer.from(previous).toString('hex'), hash)
  }
  const ofOne = await mayfly(['audit', 'export', '--identity', 'web-2', '--since', '1h', '--config', config])
  assert.match(
    ofOne.stdout,
    /^{"number":\d+,"hash":"[0-9a-f]{64}","record":{"action":"identity.add".*"identity":"web-2".*\n$/,
  )
  assert.equal((await mayfly(['audit', 'export', '--since', '2999-01-01', '--config', config])).stdout, '')
  assert.equal((await mayfly(['audit', 'export', '--since', 'noon', '--config', config])).exitCode, 2)

  const tail = await mayfly(['audit', 'tail', '--lines', '1', '--no-follow', '--config', config])
  assert.match(tail.stdout, /^\d+ \S+ identity\.add done web-2 by admin from local\n$/)

  const database = new DatabaseSync(join(state, 'store.sqlite'))
  database.exec("UPDATE audit SET text = replace(text, 'web-1', 'web-3') WHERE text LIKE '%web-1%'")
  database.close()
  const forged = await ask('audit', 'verify')
  assert.deepEqual([forged.exitCode, forged.code], [3, 'store-invalid'])
})

test('audit tail: a new record → shown as it comes, until interrupted', async (context) => {
  const { ask, config } = await runIssuer(context)
  const tail = startDaemon(['audit', 'tail', '--lines', '1', '--config', config], context)
  await ask('identity', 'add', 'web-9', '--name', 'dns:web-9.example')
  await tail.logged('identity.add done web-9')
})

test('issuer alarms and clock: nothing to acknowledge → not-found; the clock accepted', async (context) => {
  const { ask } = await runIssuer(context)
  assert.equal((await ask('issuer', 'acknowledge', 'store-restored')).code, 'not-found')
  assert.equal((await ask('issuer', 'acknowledge', 'store-restord')).code, 'usage')
  assert.equal((await ask('issuer', 'accept-clock')).accepted, true as never)
})

test('issuer backup and restore: while it runs, and only while it does not; the status says so', async (context) => {
  const running = await runIssuer(context)
  const { ask, config, state, daemon } = running
  const out = join(state, '..', 'issuer.backup')
  assert.equal((await ask('identity', 'add', 'web-1', '--name', 'dns:web-1.example')).exitCode, 0)
  assert.equal((await ask('issuer', 'backup', '--out', out)).path, out as never)
  assert.equal((await ask('issuer', 'backup', '--out', out)).code, 'file-exists')
  await ask('identity', 'suspend', 'web-1')
  assert.equal((await ask('issuer', 'restore', out, '--yes')).code, 'already-running')
  await daemon.stop()
  assert.equal((await ask('issuer', 'restore', out)).code, 'usage')
  const restored = await ask('issuer', 'restore', out, '--yes')
  assert.deepEqual([restored.exitCode, restored.keptSuspended], [0, ['web-1']])

  const again = startDaemon(['issuer', 'run', '--config', config], context)
  await again.logged('"msg":"ready"')
  const status = await ask('issuer', 'status')
  assert.equal(status.exitCode, 1)
  assert.equal((status.alarms as unknown as { because: string }[])[0]?.because, 'store-restored')
  assert.equal((await ask('identity', 'show', 'web-1')).state, 'suspended' as never)
  assert.equal((await ask('issuer', 'accept-forgotten')).exitCode, 0)
  assert.equal((await ask('issuer', 'acknowledge', 'store-restored')).exitCode, 0)
  assert.equal((await ask('issuer', 'status')).exitCode, 0)
})
