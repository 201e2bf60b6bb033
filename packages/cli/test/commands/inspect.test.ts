import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { createEnrolmentToken, generateKeyPair } from '@mayfly/ca-core'
import { makeRequest } from '../support/make-request.ts'
import { copyRoot } from '../support/make-root.ts'
import { mayfly, run, temporaryFolder } from '../support/run-mayfly.ts'

test('inspect: a root, its bundle and its key → what they are, and nothing of the key', async (context) => {
  const { root } = await copyRoot(await temporaryFolder(context))
  const shown = async (name: string, ...more: string[]) =>
    JSON.parse((await mayfly(['inspect', join(root, name), '--json', ...more])).stdout)
  const [certificate] = (await shown('root.pem')).certificates
  assert.deepEqual([certificate.kind, certificate.findings], ['root', []])
  assert.equal((await shown('root.pem', '--bundle', join(root, 'bundle.jws'))).trust.ok, true)
  const bundle = await shown('bundle.jws')
  assert.deepEqual([bundle.sequence, bundle.signer], [1, certificate.sha256])
  assert.deepEqual(await shown('root-key.pem'), { type: 'private-key', encrypted: true })
})

test('inspect: a request, as PEM and as DER, from a file and from standard input → the fingerprint of its key', async (context) => {
  const folder = await temporaryFolder(context)
  const { path, fingerprint } = await makeRequest(join(folder, 'request.pem'))
  const der = join(folder, 'request.der')
  await run(['openssl', 'req', '-in', path, '-outform', 'DER', '-out', der])
  for (const subject of [path, der]) {
    assert.equal(JSON.parse((await mayfly(['inspect', subject, '--json'])).stdout).keySha256, fingerprint)
  }
  const piped = await mayfly(['inspect', '-', '--json'], { input: await readFile(path, 'utf8') })
  assert.equal(JSON.parse(piped.stdout).keySha256, fingerprint)
})

test('inspect: a token → its claims, never the token itself', async (context) => {
  const folder = await temporaryFolder(context)
  const token = await createEnrolmentToken({
    keyPair: await generateKeyPair('ec-p256'),
    issuerUrl: 'https://ca.example',
    rootFingerprint: 'ab'.repeat(32),
    identity: 'web-1',
    profile: 'server',
    names: ['dns:web-1.example'],
    jti: 'AAECAwQFBgcICQoLDA0ODw',
    now: Date.UTC(2026, 0, 1),
  })
  await writeFile(join(folder, 'token'), `${token}\n`)
  const { stdout } = await mayfly(['inspect', join(folder, 'token'), '--json'])
  const shown = JSON.parse(stdout)
  assert.deepEqual([shown.identity, shown.state], ['web-1', 'expired'])
  assert.ok(!stdout.includes(token))
})

test("inspect: somebody else's certificate → as text", async (context) => {
  const folder = await temporaryFolder(context)
  const path = join(folder, 'other.pem')
  await run([
    ...['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=Somebody', '-out', path],
    ...['-keyout', join(folder, 'key.pem')],
  ])
  const { exitCode, stdout } = await mayfly(['inspect', path])
  assert.equal(exitCode, 0)
  assert.match(stdout, /Somebody/)
  const judged = await mayfly(['inspect', path, '--bundle', path, '--json'])
  const { code, message } = JSON.parse(judged.stderr).error
  assert.equal(code, 'key-weak')
  assert.ok(message.startsWith(`${path}: `), message)
})

test('inspect: garbage, nothing, another protocol → told what to type instead', async (context) => {
  const folder = await temporaryFolder(context)
  await writeFile(join(folder, 'garbage'), 'hello')
  const codeOf = async (subject: string) =>
    JSON.parse((await mayfly(['inspect', subject, '--json'])).stderr).error.code
  assert.equal(await codeOf(join(folder, 'garbage')), 'usage')
  assert.equal(await codeOf(join(folder, 'none')), 'file-missing')
  assert.equal(await codeOf('http://127.0.0.1:1'), 'usage')
  assert.equal(await codeOf('https://127.0.0.1:1'), 'transport-failed')
})
