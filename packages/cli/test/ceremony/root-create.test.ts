import assert from 'node:assert/strict'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { decryptPrivateKey, keyTypes, parseCertificate, verifyTrustBundle } from '@mayfly/ca-core'
import { makeRoot, passphrase } from '../support/make-root.ts'
import { mayfly, mayflyOnTerminal, run, temporaryFolder } from '../support/run-mayfly.ts'

for (const keyType of keyTypes) {
  test(`root create: ${keyType} → key, certificate, bundle and record that belong together`, async (context) => {
    const folder = await temporaryFolder(context)
    const { root, created } = await makeRoot(folder, ['--key-type', keyType, '--json'])
    assert.equal(created.exitCode, 0, created.stderr)
    const certificate = parseCertificate(await readFile(join(root, 'root.pem'), 'utf8'))
    const answer = JSON.parse(created.stdout)
    assert.equal(answer.sha256, certificate.fingerprint)
    const pem = await readFile(join(root, 'root-key.pem'), 'utf8')
    const keyPair = await decryptPrivateKey(pem, Buffer.from(passphrase))
    assert.deepEqual([keyPair.type, keyPair.publicKey.hash], [keyType, certificate.publicKey.hash])
    const bundleText = await readFile(join(root, 'bundle.jws'), 'utf8')
    const bundle = await verifyTrustBundle(bundleText, { rootFingerprint: certificate.fingerprint })
    assert.deepEqual([bundle.sequence, bundle.trustDomain], [1, 'corp.example'])
    assert.equal(await readFile(join(root, 'bundle.pem'), 'utf8'), certificate.pem)
    assert.equal((await readdir(join(root, 'records'))).length, 1)
  })
}

test('root create: by a person → asked twice, nothing typed is shown', async (context) => {
  const folder = await temporaryFolder(context)
  const args = ['root', 'create', '--out', join(folder, 'root'), '--trust-domain', 'corp.example']
  const { exitCode, stdout } = await mayflyOnTerminal(args, [
    { expect: 'Passphrase for the new root key: ', send: `wrong\x15${passphrase}x\x7f\r` },
    { expect: 'again: ', send: `${passphrase}\r` },
  ])
  assert.equal(exitCode, 0, stdout)
  assert.ok(!stdout.includes('horse') && !stdout.includes('wrong'))
  const pem = await readFile(join(folder, 'root', 'root-key.pem'), 'utf8')
  await decryptPrivateKey(pem, Buffer.from(passphrase))
})

test('root create: the second passphrase differs, or Ctrl-C → nothing is made', async (context) => {
  const folder = await temporaryFolder(context)
  const args = ['root', 'create', '--out', join(folder, 'root'), '--trust-domain', 'corp.example']
  const differing = await mayflyOnTerminal(args, [
    { expect: 'key: ', send: `${passphrase}\r` },
    { expect: 'again: ', send: 'another passphrase\r' },
  ])
  assert.equal(differing.exitCode, 7)
  const interrupted = await mayflyOnTerminal(args, [{ expect: 'key: ', send: 'half a pass\x03' }])
  assert.equal(interrupted.exitCode, 130)
  assert.match(interrupted.stdout, /nothing was done/)
  assert.deepEqual(await readdir(folder), [])
})

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const) {
  test(`root create: ${signal} while the passphrase is asked for → nothing is made, and the terminal shows again what is typed`, async (context) => {
    const folder = await temporaryFolder(context)
    const args = ['root', 'create', '--out', join(folder, 'root'), '--trust-domain', 'corp.example']
    const { exitCode, stdout, stderr } = await mayflyOnTerminal(args, [{ expect: 'key: ', signal }])
    assert.equal(stderr, '')
    assert.equal(exitCode, 130)
    assert.match(stdout, /nothing was done/)
    assert.deepEqual(await readdir(folder), [])
  })
}

test('root create: passphrase from a descriptor → read', async (context) => {
  const folder = await temporaryFolder(context)
  const args = ['root', 'create', '--out', join(folder, 'root'), '--trust-domain', 'corp.example']
  const { exitCode, stderr } = await mayfly([...args, '--passphrase-fd', '3'], {
    descriptor3: `${passphrase}\n`,
  })
  assert.equal(exitCode, 0, stderr)
})

test('keys readable for a moment: a umask that allows everything → the key is its owner’s alone', async (context) => {
  const folder = await temporaryFolder(context)
  const previous = process.umask(0)
  context.after(() => void process.umask(previous))
  const { root } = await makeRoot(folder)
  const modeOf = async (name: string) => (await stat(join(root, name))).mode & 0o777
  assert.deepEqual(
    [await modeOf('.'), await modeOf('records'), await modeOf('root-key.pem'), await modeOf('root.pem')],
    [0o700, 0o700, 0o600, 0o644],
  )
})

test('root create: anything there already → file-exists, and nothing is touched', async (context) => {
  const folder = await temporaryFolder(context)
  const { root } = await makeRoot(folder)
  const before = await readFile(join(root, 'root-key.pem'), 'utf8')
  const { created } = await makeRoot(folder)
  assert.equal(created.exitCode, 4)
  assert.match(created.stderr, /root-key\.pem exists already.*\(file-exists\)/)
  assert.equal(await readFile(join(root, 'root-key.pem'), 'utf8'), before)
  assert.equal((await readdir(join(root, 'records'))).length, 1)
})

test('root create: the folder cannot be made → nothing half-done stays', async (context) => {
  const folder = await temporaryFolder(context)
  await writeFile(join(folder, 'root'), 'a file in the way')
  const { created } = await makeRoot(folder)
  assert.equal(created.exitCode, 4)
  assert.deepEqual((await readdir(folder)).sort(), ['passphrase', 'root'])
})

test('root create: neither key nor passphrase → in no output and no other file', async (context) => {
  const folder = await temporaryFolder(context)
  const { root, created } = await makeRoot(folder, ['--json'])
  const key = await decryptPrivateKey(
    await readFile(join(root, 'root-key.pem'), 'utf8'),
    Buffer.from(passphrase),
  )
  const secret = key.privateKey.export({ format: 'jwk' }).d ?? ''
  const texts = await Promise.all(
    ['root.pem', 'bundle.jws', 'bundle.pem'].map((name) => readFile(join(root, name), 'utf8')),
  )
  for (const text of [created.stdout, created.stderr, ...texts]) {
    assert.ok(!text.includes(passphrase) && !text.includes(secret) && !text.includes('PRIVATE KEY'))
  }
})

test('root create: openssl reads the root strictly, and opens the key', async (context) => {
  const folder = await temporaryFolder(context)
  const { root, passphraseFile } = await makeRoot(folder, ['--permit', 'dns:corp.example'])
  const pem = join(root, 'root.pem')
  const verified = await run(['openssl', 'verify', '-x509_strict', '-CAfile', pem, pem])
  assert.equal(verified.exitCode, 0, verified.stderr)
  const text = (await run(['openssl', 'x509', '-in', pem, '-noout', '-text'])).stdout
  assert.match(text, /Permitted:\s+DNS:corp\.example\s+Excluded:\s+IP:0\.0\.0\.0\/0\.0\.0\.0/)
  const key = await run([
    'openssl',
    'pkey',
    '-in',
    join(root, 'root-key.pem'),
    '-passin',
    `file:${passphraseFile}`,
    '-pubout',
  ])
  assert.equal(key.exitCode, 0, key.stderr)
})

for (const [what, more, code, exit] of [
  ['a key type that does not exist', ['--key-type', 'rsa-1024'], 'usage', 2],
  ['a range without a kind', ['--permit', 'corp.example'], 'name-invalid', 5],
  ['a trust domain with a space', ['--trust-domain', 'corp example'], 'name-invalid', 5],
  ['the passphrase as a flag', ['--passphrase', 'x'], 'usage', 2],
  ['two sources of the passphrase', ['--passphrase-fd', '3'], 'usage', 2],
  ['a name too long for a common name', ['--name', 'x'.repeat(65)], 'name-invalid', 5],
] as const) {
  test(`root create: ${what} → ${code}, and nothing is made`, async (context) => {
    const folder = await temporaryFolder(context)
    const { created } = await makeRoot(folder, [...more, '--json'])
    assert.equal(created.exitCode, exit, created.stderr)
    assert.equal(JSON.parse(created.stderr).error.code, code)
    assert.deepEqual(await readdir(folder), ['passphrase'])
  })
}

test('root create: a passphrase too short, readable by others, or nowhere → refused', async (context) => {
  const folder = await temporaryFolder(context)
  const args = ['root', 'create', '--out', join(folder, 'root'), '--trust-domain', 'corp.example', '--json']
  await writeFile(join(folder, 'short'), 'short\n', { mode: 0o600 })
  await writeFile(join(folder, 'open'), passphrase, { mode: 0o644 })
  const codeOf = async (more: string[]) => JSON.parse((await mayfly([...args, ...more])).stderr).error.code
  assert.equal(await codeOf(['--passphrase-file', join(folder, 'short')]), 'passphrase-wrong')
  assert.equal(await codeOf(['--passphrase-file', join(folder, 'open')]), 'permission-denied')
  assert.equal(await codeOf(['--passphrase-file', join(folder, 'none')]), 'file-missing')
  assert.equal(await codeOf([]), 'usage')
  assert.deepEqual((await readdir(folder)).sort(), ['open', 'short'])
})
