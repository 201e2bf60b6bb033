import assert from 'node:assert/strict'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeIntermediateWithOpenssl } from '../support/make-intermediate.ts'
import { type IssuerSetting, layIssuer, signIssuer, signOwnKeys } from '../support/make-issuer.ts'
import { makeRequest } from '../support/make-request.ts'
import { copyRoot, passphrase } from '../support/make-root.ts'
import { mayfly, mayflyOnTerminal, temporaryFolder } from '../support/run-mayfly.ts'

const codeOf = ({ stderr }: { stderr: string }) => JSON.parse(stderr).error.code

test('issuer init and install: → key, request and intermediate where the issuer looks for them', async (context) => {
  const setting = await layIssuer(await temporaryFolder(context))
  const answer = await signOwnKeys(setting)
  const { config, rootFingerprint, state } = setting
  const install = ['issuer', 'install', answer, '--config', config, '--json']
  const installed = await mayfly([...install, '--root-fingerprint', rootFingerprint])
  assert.equal(installed.exitCode, 0, installed.stderr)
  assert.equal(JSON.parse(installed.stdout).rootSha256, rootFingerprint)
  assert.deepEqual(await readdir(join(state, 'authority', 'current')), [
    'intermediate.pem',
    'key.pem',
    'request.pem',
  ])
  for (const name of ['authority/current/key.pem', 'token-key.pem']) {
    assert.equal((await stat(join(state, name))).mode & 0o777, 0o600)
    assert.match(await readFile(join(state, name), 'utf8'), /^-----BEGIN ENCRYPTED PRIVATE KEY-----/)
  }
  assert.equal((await mayfly(install)).exitCode, 0, 'installing the same again does no harm')
})

test('issuer init: a second time, or the copy is there already → file-exists', async (context) => {
  const setting = await layIssuer(await temporaryFolder(context))
  const copy = join(setting.folder, 'request.pem')
  const init = ['issuer', 'init', '--config', setting.config, '--out', copy, '--json']
  await writeFile(copy, 'in the way')
  assert.equal(codeOf(await mayfly(init)), 'file-exists')
  await assert.rejects(stat(setting.state))
  assert.equal(await readFile(copy, 'utf8'), 'in the way')
  const elsewhere = init.with(5, join(setting.folder, 'request-2.pem'))
  const made = await mayfly(elsewhere.slice(0, -1))
  assert.equal(made.exitCode, 0)
  assert.match(made.stdout, /mayfly root sign request-2\.pem --root DIR\n$/)
  assert.equal(codeOf(await mayfly(init.with(5, join(setting.folder, 'request-3.pem')))), 'file-exists')
})

test('issuer init: a passphrase to be asked for → twice, and shown nowhere', async (context) => {
  const setting = await layIssuer(await temporaryFolder(context))
  const text = await readFile(setting.config, 'utf8')
  await writeFile(setting.config, text.replace(/^passphrase:.*$/m, 'passphrase: { prompt: true }'))
  const { exitCode, stdout } = await mayflyOnTerminal(
    ['issuer', 'init', '--config', setting.config],
    [
      { expect: "Passphrase for the issuer's keys: ", send: `${passphrase}\r` },
      { expect: 'again: ', send: `${passphrase}\r` },
    ],
  )
  assert.equal(exitCode, 0, stdout)
  assert.ok(!stdout.includes(passphrase))

  // A signal that it also takes as an order to stop must not leave it waiting for an answer.
  const stopped = await mayflyOnTerminal(
    ['issuer', 'run', '--config', setting.config],
    [{ expect: 'Passphrase', signal: 'SIGTERM' }],
  )
  assert.deepEqual([stopped.exitCode, stopped.stderr], [130, ''], stopped.stdout)
})

/** An intermediate that the true root signed, for a key that is not this issuer's. */
async function signOtherKey({ folder, root, passphraseFile }: IssuerSetting): Promise<string> {
  const { path, fingerprint } = await makeRequest(join(folder, 'other-request.pem'))
  const out = join(folder, 'other-answer')
  const { exitCode, stderr } = await mayfly([
    ...['root', 'sign', path, '--root', root, '--out', out, '--expect-fingerprint', fingerprint],
    ...['--passphrase-file', passphraseFile],
  ])
  assert.equal(exitCode, 0, stderr)
  return join(out, 'intermediate.pem')
}

test('an operator signs a wrong intermediate: what is not right → its code, and nothing is installed', async (context) => {
  const setting = await layIssuer(await temporaryFolder(context))
  const answer = await signIssuer(setting)
  const other = await layIssuer(await temporaryFolder(context), ['--name', 'Other'])
  const otherAnswer = await signIssuer(other)
  const [intermediate, bundle] = ['intermediate.pem', 'bundle.jws'].map((name) => join(answer, name))
  const make = (extensions: readonly string[]) => makeIntermediateWithOpenssl(setting, extensions)
  const unsigned = join(setting.folder, 'unsigned.jws')
  const jws = JSON.parse(await readFile(bundle ?? '', 'utf8'))
  await writeFile(unsigned, JSON.stringify({ ...jws, signature: 'A'.repeat(86) }))

  const install = async (changes: { intermediate?: string; bundle?: string; fingerprint?: string }) =>
    codeOf(
      await mayfly([
        ...['issuer', 'install', answer, '--config', setting.config, '--json'],
        ...['--intermediate', changes.intermediate ?? intermediate ?? ''],
        ...['--bundle', changes.bundle ?? bundle ?? ''],
        ...['--root-fingerprint', changes.fingerprint ?? setting.rootFingerprint],
      ]),
    )
  assert.equal(await install({ intermediate: join(otherAnswer, 'intermediate.pem') }), 'chain-untrusted')
  assert.equal(await install({ intermediate: await signOtherKey(setting) }), 'key-mismatch')
  assert.equal(await install({ bundle: join(otherAnswer, 'bundle.jws') }), 'bundle-untrusted')
  assert.equal(await install({ bundle: unsigned }), 'bundle-untrusted')
  assert.equal(await install({ fingerprint: 'ab'.repeat(32) }), 'bundle-untrusted')
  assert.equal(await install({ fingerprint: 'short' }), 'fingerprint-mismatch')
  assert.equal(await install({ bundle: join(setting.root, 'root.pem') }), 'bundle-invalid')
  assert.equal(await install({ intermediate: join(answer, 'none.pem') }), 'file-missing')
  for (const extensions of [
    ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign'],
    ['basicConstraints=critical,CA:TRUE,pathlen:1', 'keyUsage=critical,keyCertSign,cRLSign'],
    ['basicConstraints=critical,CA:FALSE', 'keyUsage=critical,digitalSignature'],
  ]) {
    assert.equal(await install({ intermediate: await make(extensions) }), 'profile-violation')
  }
  const swapped = await mayfly([
    ...['issuer', 'install', '--intermediate', unsigned, '--bundle', intermediate ?? ''],
    ...['--config', setting.config, '--root-fingerprint', setting.rootFingerprint],
  ])
  assert.ok(swapped.stderr.startsWith(`mayfly: ${unsigned}: `), swapped.stderr)
  const unnamed = await mayfly(['issuer', 'install', answer, '--config', setting.config, '--json'])
  assert.equal(codeOf(unnamed), 'bundle-untrusted')
  assert.match(unnamed.stderr, /--root-fingerprint/)
  assert.deepEqual(await readdir(join(setting.state, 'authority')), ['next'])
})

/** Signs the next bundle at the root, and returns where it is. */
async function nextBundle(folder: string, passphraseFile: string, ...change: string[]): Promise<string> {
  const { exitCode, stderr, stdout } = await mayfly([
    ...['root', 'bundle', '--root', folder, '--passphrase-file', passphraseFile, ...change],
  ])
  assert.equal(exitCode, 0, stderr)
  const [, name = ''] = /mayfly issuer install --bundle (\S+)\n/.exec(stdout) ?? []
  return join(folder, name)
}

test('a bundle rolled back: issuer install of an older bundle than the one held → bundle-older', async (context) => {
  const setting = await layIssuer(await temporaryFolder(context))
  const answer = await signIssuer(setting)
  const { root, passphraseFile, config, rootFingerprint } = setting
  const install = (...args: string[]) => mayfly(['issuer', 'install', ...args, '--config', config])
  assert.equal((await install(answer, '--root-fingerprint', rootFingerprint)).exitCode, 0)
  const next = await nextBundle(root, passphraseFile, '--distrust', 'cd'.repeat(32))
  assert.match((await install('--bundle', next)).stdout, /^The trust bundle was installed\.\n/)
  assert.match((await install('--bundle', next)).stdout, /^Nothing has changed: /)
  for (const given of [[], ['--root-fingerprint', rootFingerprint]]) {
    assert.equal(codeOf(await install(answer, ...given, '--json')), 'bundle-older')
  }
  assert.equal(codeOf(await install('--json')), 'usage')
})

test('the next root, as the operations page has it: old and new trusted → the new one signs → the old one goes', async (context) => {
  const setting = await layIssuer(await temporaryFolder(context))
  const { folder, root, passphraseFile, config, state, rootFingerprint } = setting
  const install = (...args: string[]) => mayfly(['issuer', 'install', ...args, '--config', config])
  assert.equal((await install(await signIssuer(setting), '--root-fingerprint', rootFingerprint)).exitCode, 0)
  const next = await copyRoot(join(folder, 'next'), ['--name', 'Next Root'])
  const both = await nextBundle(root, passphraseFile, '--add-root', join(next.root, 'root.pem'))
  assert.equal((await install('--bundle', both)).exitCode, 0)

  const answer = await signOwnKeys({ ...setting, root: next.root }, 'next-answer')
  // The new root hands out its own first bundle; the refusal has what to type.
  const refused = await install(answer)
  const [, option = '', held = ''] = /add (--bundle) (\S+)\. \(bundle-older\)\n$/.exec(refused.stderr) ?? []
  assert.equal(held, join(state, 'bundle.jws'), refused.stderr)
  assert.match((await install(answer, option, held)).stdout, /^The intermediate was installed\.\n/)

  const change = ['--from', both, '--remove-root', join(root, 'root.pem')]
  const alone = await nextBundle(next.root, passphraseFile, ...change)
  assert.match((await install('--bundle', alone)).stdout, /^The trust bundle was installed\.\n/)
})

test('issuer install --unit-dir: → the unit and its user, for this machine; systemd is left alone', async (context) => {
  const setting = await layIssuer(await temporaryFolder(context))
  const answer = await signIssuer(setting)
  const units = join(setting.folder, 'units')
  const install = (...args: string[]) =>
    mayfly([
      ...['issuer', 'install', answer, '--config', setting.config],
      ...['--root-fingerprint', setting.rootFingerprint, ...args],
    ])
  const { exitCode, stdout, stderr } = await install('--unit-dir', units)
  assert.equal(exitCode, 0, stderr)
  assert.ok(
    stdout.includes(`must belong: chown -R mayfly-issuer: ${setting.state} ${setting.passphraseFile}\n`),
  )
  assert.deepEqual(await readdir(units), ['mayfly-issuer.service', 'mayfly.conf'])
  const unit = await readFile(join(units, 'mayfly-issuer.service'), 'utf8')
  assert.ok(unit.includes(`issuer run --config ${setting.config}\n`))
  assert.ok(unit.includes(`ReadWritePaths="-${setting.state}"\n`) && !unit.includes('\nLoadCredential='))

  const text = await readFile(setting.config, 'utf8')
  await writeFile(setting.config, text.replace(/passphrase:.*/, 'passphrase: { prompt: true }'))
  assert.equal(codeOf(await install('--unit-dir', units, '--json')), 'config-invalid')
})

test('issuer status, token and identity commands: no issuer is running → transport-failed, told to monitoring', async (context) => {
  const setting = await layIssuer(await temporaryFolder(context))
  const status = await mayfly(['issuer', 'status', '--config', setting.config, '--json'])
  assert.deepEqual([status.exitCode, codeOf(status)], [2, 'transport-failed'])
  const list = await mayfly(['identity', 'list', '--config', setting.config, '--json'])
  assert.deepEqual([list.exitCode, codeOf(list)], [9, 'transport-failed'])
  const unknown = await mayfly(['issuer', 'status', '--config', join(setting.folder, 'none.yaml'), '--json'])
  assert.equal(unknown.exitCode, 3)
})

test('issuer backup and restore: on PostgreSQL → refused, with the command to type instead', async (context) => {
  const setting = await layIssuer(await temporaryFolder(context))
  const text = await readFile(setting.config, 'utf8')
  await writeFile(setting.config, `${text}store: postgres://mayfly@localhost/ca\n`)
  for (const [args, command] of [
    [
      ['backup', '--out', '/srv/store.dump'],
      'pg_dump --format=custom --schema=mayfly --file=/srv/store.dump',
    ],
    [['restore', '/srv/store.dump', '--yes'], 'pg_restore --clean --if-exists --single-transaction'],
    [['restore', '/srv/store.dump', '--yes'], "psql '--command=UPDATE mayfly.identity SET mint_at = NULL'"],
  ] as const) {
    const refused = await mayfly(['issuer', ...args, '--config', setting.config, '--json'])
    assert.equal(codeOf(refused), 'usage')
    const { message } = JSON.parse(refused.stderr).error
    assert.ok(message.includes(command), message)
    assert.ok(message.includes('--dbname=postgres://mayfly@localhost:5432/ca'), message)
  }
})
