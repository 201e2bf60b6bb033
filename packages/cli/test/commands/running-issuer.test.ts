import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readEnrolmentToken } from '@mayfly/ca-core'
import { mayfly } from '../support/run-mayfly.ts'
import { runIssuer } from '../support/running-issuer.ts'

/** V8 tells nobody which flags it has: whatever the issuer sets is printed as well. */
const tellFlags = `
  import { syncBuiltinESMExports } from 'node:module'
  import v8 from 'node:v8'
  const { setFlagsFromString } = v8
  v8.setFlagsFromString = (flags) => {
    console.error('V8 was told: ' + flags)
    setFlagsFromString(flags)
  }
  syncBuiltinESMExports()`

const { ask, config, daemon, root, rootFingerprint, url } = await runIssuer(
  { after },
  { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(tellFlags)}` },
)

test('issuer run: the old heap may grow to twice what is in use before it is collected', () => {
  assert.match(daemon.log(), /^V8 was told: --heap-growing-percent=100$/m)
})

test('issuer run: a bound on young objects that the environment sets is not one for its threads', () => {
  assert.match(daemon.log(), /^V8 was told: --max-semi-space-size=0$/m)
})

test('issuer status: the sweep, authorities, agents and the store, in words', async () => {
  const { exitCode, stdout } = await mayfly(['issuer', 'status', '--config', config])
  assert.equal(exitCode, 0, stdout)
  assert.match(stdout, /Last sweep +\S+: \d+ due, 0 minted, 0 failed, in \d/)
  assert.match(stdout, /Oldest unfetched +\(none\)/)
  assert.match(stdout, /Store +\d+\.\d MiB/)
  assert.match(stdout, /intermediate +CN=.*\n +root +CN=/)
  assert.match(stdout, /Agents: 0, 0 behind the trust bundle\n?$/)
})

test('a mistake in the configuration of a running issuer: the status tells of it, and its owner may still suspend', async () => {
  const good = await readFile(config, 'utf8')
  assert.equal((await ask('identity', 'add', 'mistaken', '--name', 'dns:mistaken.example')).exitCode, 0)
  try {
    for (const broken of [`${good}isuing: {}\n`, `${good}issuing: [\n`]) {
      await writeFile(config, broken)
      assert.ok('counts' in (await ask('issuer', 'status')))
      assert.equal((await ask('identity', 'suspend', 'mistaken')).state, 'suspended')
    }
    // Where nobody answers, the mistake is why.
    const elsewhere = `${good.replace(/^state: .*$/m, 'state: /nowhere')}isuing: {}\n`
    await writeFile(config, elsewhere)
    assert.equal((await ask('issuer', 'status')).code, 'config-invalid')
    await writeFile(config, elsewhere.replace('isuing: {}\n', ''))
    assert.equal((await ask('issuer', 'status')).code, 'transport-failed')
    await writeFile(config, 'state: [\n')
    assert.equal((await ask('issuer', 'status')).code, 'config-invalid')
  } finally {
    await writeFile(config, good)
  }
})

test('issuer alarms and clock: nothing to acknowledge → not-found; the clock accepted', async () => {
  assert.equal((await ask('issuer', 'acknowledge', 'store-restored')).code, 'not-found')
  assert.equal((await ask('issuer', 'acknowledge', 'store-restord')).code, 'usage')
  assert.equal((await ask('issuer', 'accept-clock')).accepted, true as never)
})

test('token commands: created, listed, revoked; the token alone on standard output', async () => {
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

test('inspect: a live issuer → what it presents, and whether a bundle trusts it', async () => {
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
  assert.equal((await mayfly(['inspect', 'https://127.0.0.1:1', '--json'])).exitCode, 9)
})
