import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import {
  createRoot,
  decodePem,
  decryptPrivateKey,
  encodePem,
  encryptPrivateKey,
  formatFingerprint,
  generateKeyPair,
  keyTypes,
  lint,
  parseCertificate,
  verifyIntermediateProfile,
  verifyTrustBundle,
} from '@mayfly/ca-core'
import { systemRandom } from '@mayfly/platform'
import { makeRequest } from '../support/make-request.ts'
import { copyRoot, makeRoot, passphrase, type RootSetting } from '../support/make-root.ts'
import { mayfly, mayflyOnTerminal, run, temporaryFolder } from '../support/run-mayfly.ts'

interface Table {
  readonly folder: string
  readonly root: string
  /** The stick that goes between the machines. */
  readonly stick: string
  readonly requestPath: string
  readonly fingerprint: string
  sign(more?: readonly string[], request?: string): ReturnType<typeof mayfly>
}

/** A root and a request on a stick. */
async function layTable(
  context: TestContext,
  rootOptions: readonly string[] = [],
  layRoot: (folder: string, more: readonly string[]) => Promise<RootSetting> = copyRoot,
): Promise<Table> {
  const folder = await temporaryFolder(context)
  const { root, passphraseFile } = await layRoot(folder, rootOptions)
  const stick = join(folder, 'stick')
  await mkdir(stick)
  const requestPath = join(stick, 'request.pem')
  const { fingerprint } = await makeRequest(requestPath)
  const sign = (more: readonly string[] = ['--expect-fingerprint', fingerprint], request = requestPath) =>
    mayfly(['root', 'sign', request, '--root', root, '--passphrase-file', passphraseFile, '--json', ...more])
  return { folder, root, stick, requestPath, fingerprint, sign }
}

async function assertNothingSigned({ root, stick }: Table): Promise<void> {
  assert.deepEqual(
    (await readdir(stick)).filter((name) => name.startsWith('intermediate') || name.startsWith('bundle')),
    [],
  )
  assert.equal((await readdir(join(root, 'records'))).length, 1)
}

const codeOf = ({ stderr }: { stderr: string }) => JSON.parse(stderr).error.code

test('root sign: a good request → intermediate, bundle and record, by the profile table', async (context) => {
  // Just as the ceremony leaves it.
  const table = await layTable(context, [], makeRoot)
  const { exitCode, stdout, stderr } = await table.sign()
  assert.equal(exitCode, 0, stderr)
  const rootCertificate = parseCertificate(await readFile(join(table.root, 'root.pem'), 'utf8'))
  const intermediate = parseCertificate(await readFile(join(table.stick, 'intermediate.pem'), 'utf8'))
  verifyIntermediateProfile(intermediate, { root: rootCertificate, now: Date.now() })
  assert.equal(intermediate.publicKey.hash, table.fingerprint)
  assert.equal(intermediate.pathLength, 0)
  const bundleText = await readFile(join(table.stick, 'bundle.jws'), 'utf8')
  await verifyTrustBundle(bundleText, { rootFingerprint: rootCertificate.fingerprint })
  const [, name] = await readdir(join(table.root, 'records'))
  assert.match(name ?? '', /^0002-\d{8}T\d{6}Z-intermediate-signed\.json$/)
  const record = JSON.parse(await readFile(join(table.root, 'records', name ?? ''), 'utf8'))
  assert.equal(record.intermediate.serial, intermediate.serial)
  assert.equal(record.request.keySha256, table.fingerprint)
  assert.equal(JSON.parse(stdout).serial, intermediate.serial)
  assert.ok(!`${stdout}${stderr}`.includes(passphrase))
})

test('root sign: shows subject, key type and grouped fingerprint before it asks', async (context) => {
  const table = await layTable(context)
  const args = ['root', 'sign', table.requestPath, '--root', table.root]
  const { exitCode, stdout } = await mayflyOnTerminal(args, [
    { expect: 'Type the SHA-256', send: `${formatFingerprint(table.fingerprint).toUpperCase()}\r` },
    { expect: 'Passphrase of', send: `${passphrase}\r` },
  ])
  assert.equal(exitCode, 0, stdout)
  const [before = ''] = stdout.split('Type the SHA-256')
  for (const shown of ['CN=Issuer', 'ec-p256', formatFingerprint(table.fingerprint)])
    assert.ok(before.includes(shown))
  assert.ok(!stdout.includes(passphrase))
})

test('root sign: the person types another fingerprint, or half of it → nothing is signed', async (context) => {
  const table = await layTable(context)
  const args = ['root', 'sign', table.requestPath, '--root', table.root]
  for (const send of [`${'ab'.repeat(32)}\r`, `${table.fingerprint.slice(0, 32)}\r`, 'y\r', '\r']) {
    const { exitCode, stdout } = await mayflyOnTerminal(args, [{ expect: 'Type the SHA-256', send }])
    assert.equal(exitCode, 6, stdout)
    assert.ok(!stdout.includes('Passphrase of'))
  }
  await assertNothingSigned(table)
})

for (const keyType of keyTypes) {
  test(`root sign: an intermediate with ${keyType} under ec-p256 → openssl or node accepts it`, async (context) => {
    const table = await layTable(context)
    const { fingerprint } = await makeRequest(table.requestPath, { keyType })
    const { exitCode, stderr } = await table.sign(['--expect-fingerprint', fingerprint])
    assert.equal(exitCode, 0, stderr)
    await assertVerifies(table, keyType.startsWith('ml-dsa'))
  })
}

for (const keyType of ['ec-p384', 'ed25519', 'rsa-3072', 'ml-dsa-65'] as const) {
  test(`root sign: by a root with ${keyType} → openssl or node accepts it`, async (context) => {
    const table = await layTable(context, ['--key-type', keyType])
    assert.equal((await table.sign()).exitCode, 0)
    await assertVerifies(table, keyType.startsWith('ml-dsa'))
  })
}

/** OpenSSL 3.0 knows no ML-DSA; there the OpenSSL inside Node decides. */
async function assertVerifies({ root, stick }: Table, isMlDsa: boolean): Promise<void> {
  const [rootPem, pem] = [join(root, 'root.pem'), join(stick, 'intermediate.pem')]
  if (!isMlDsa) {
    const { exitCode, stderr } = await run(['openssl', 'verify', '-x509_strict', '-CAfile', rootPem, pem])
    assert.equal(exitCode, 0, stderr)
  }
  const [rootCertificate, intermediate] = await Promise.all(
    [rootPem, pem].map(async (path) => parseCertificate(await readFile(path, 'utf8'))),
  )
  assert.ok(rootCertificate !== undefined && intermediate !== undefined)
  assert.deepEqual(lint(intermediate.der, { kind: 'intermediate', issuer: rootCertificate }), [])
  assert.ok(new X509Certificate(intermediate.pem).verify(rootCertificate.publicKey.key))
}

test('root sign: name constraints → in the intermediate, IP addresses excluded unless listed', async (context) => {
  const table = await layTable(context)
  const { exitCode } = await table.sign([
    '--expect-fingerprint',
    table.fingerprint,
    '--permit',
    'dns:corp.example',
  ])
  assert.equal(exitCode, 0)
  const intermediate = parseCertificate(await readFile(join(table.stick, 'intermediate.pem'), 'utf8'))
  assert.deepEqual(intermediate.nameConstraints?.permitted, [{ type: 'dns', value: 'corp.example' }])
  assert.deepEqual(
    intermediate.nameConstraints?.excluded.map(({ value }) => value),
    ['0.0.0.0/0', '::/0'],
  )
})

test('root sign: --life → the life asked for; over 90 days or under an hour → profile-violation', async (context) => {
  const table = await layTable(context)
  const expect = ['--expect-fingerprint', table.fingerprint]
  for (const life of ['91d', '59m'])
    assert.equal(codeOf(await table.sign([...expect, '--life', life])), 'profile-violation')
  assert.equal(codeOf(await table.sign([...expect, '--life', 'long'])), 'usage')
  await assertNothingSigned(table)
  assert.equal((await table.sign([...expect, '--life', '30d'])).exitCode, 0)
  const { notBefore, notAfter } = parseCertificate(
    await readFile(join(table.stick, 'intermediate.pem'), 'utf8'),
  )
  assert.equal((notAfter - notBefore) / 1_000, 30 * 86_400)
})

test('an operator signs a wrong intermediate: the request was exchanged on the way → fingerprint-mismatch', async (context) => {
  const table = await layTable(context)
  await makeRequest(table.requestPath)
  assert.equal(codeOf(await table.sign()), 'fingerprint-mismatch')
  await assertNothingSigned(table)
})

test('root sign: no fingerprint and no terminal → usage; without --json the request is shown', async (context) => {
  const table = await layTable(context)
  assert.equal(codeOf(await table.sign([])), 'usage')
  const { exitCode, stderr } = await mayfly(['root', 'sign', table.requestPath, '--root', table.root])
  assert.equal(exitCode, 2)
  assert.ok(stderr.includes(formatFingerprint(table.fingerprint)))
  await assertNothingSigned(table)
})

test('root sign: not signed by its own key → proof-of-possession-failed', async (context) => {
  const table = await layTable(context)
  const der = decodePem('CERTIFICATE REQUEST', await readFile(table.requestPath, 'utf8'))
  const spoilt = Uint8Array.from(der)
  spoilt[spoilt.length - 1] = (spoilt.at(-1) ?? 0) ^ 1
  await writeFile(table.requestPath, encodePem('CERTIFICATE REQUEST', spoilt))
  const finished = await table.sign()
  assert.equal(finished.exitCode, 6)
  assert.equal(codeOf(finished), 'proof-of-possession-failed')
  await assertNothingSigned(table)
})

for (const [what, options, code] of [
  ['RSA with 2,048 bits', ['-newkey', 'rsa:2048'], 'key-weak'],
  ['the curve P-521', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-521'], 'key-type-unsupported'],
  ['secp256k1', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp256k1'], 'key-type-unsupported'],
  ['CA:FALSE asked for', ['-newkey', 'ed25519', '-addext', 'basicConstraints=CA:FALSE'], 'csr-invalid'],
  [
    'a longer path asked for',
    ['-newkey', 'ed25519', '-addext', 'basicConstraints=critical,CA:TRUE,pathlen:3'],
    'csr-invalid',
  ],
] as const) {
  test(`names or extensions copied from the request: root sign of ${what} → ${code}`, async (context) => {
    const table = await layTable(context)
    const request = join(table.stick, 'other.pem')
    const made = await run([
      ...['openssl', 'req', '-new', '-nodes', '-subj', '/CN=x', '-out', request],
      ...['-keyout', join(table.folder, 'other-key.pem'), ...options],
    ])
    assert.equal(made.exitCode, 0, made.stderr)
    assert.equal(codeOf(await table.sign(undefined, request)), code)
    await assertNothingSigned(table)
  })
}

test('an operator signs a wrong intermediate: names in the request → profile-violation', async (context) => {
  const table = await layTable(context)
  const names = [{ type: 'dns', value: 'web-1.example' }] as const
  const { fingerprint } = await makeRequest(table.requestPath, { names })
  assert.equal(codeOf(await table.sign(['--expect-fingerprint', fingerprint])), 'profile-violation')
  await assertNothingSigned(table)
})

test("root sign: the root's own key → key-reused", async (context) => {
  const table = await layTable(context)
  const pem = await readFile(join(table.root, 'root-key.pem'), 'utf8')
  const { fingerprint } = await makeRequest(table.requestPath, {
    keyPair: await decryptPrivateKey(pem, Buffer.from(passphrase)),
  })
  assert.equal(codeOf(await table.sign(['--expect-fingerprint', fingerprint])), 'key-reused')
  await assertNothingSigned(table)
})

test('root sign: garbage, a certificate or nothing for a request → refused', async (context) => {
  const table = await layTable(context)
  await writeFile(join(table.stick, 'garbage'), 'garbage')
  const garbage = await table.sign(undefined, join(table.stick, 'garbage'))
  assert.equal(codeOf(garbage), 'pem-invalid')
  assert.ok(JSON.parse(garbage.stderr).error.message.startsWith(`${join(table.stick, 'garbage')}: `))
  assert.equal(codeOf(await table.sign(undefined, join(table.root, 'root.pem'))), 'pem-invalid')
  assert.equal(codeOf(await table.sign(undefined, join(table.stick, 'none'))), 'file-missing')
  await assertNothingSigned(table)
})

// The screen is what a person decides by.
test('log and metric injection through names: a common name that moves the cursor → spelt out', async (context) => {
  const table = await layTable(context)
  const hostile = join(table.stick, 'hostile.pem')
  const made = await run([
    ...[
      'openssl',
      'req',
      '-new',
      '-newkey',
      'ed25519',
      '-nodes',
      '-keyout',
      join(table.folder, 'hostile-key.pem'),
    ],
    ...['-utf8', '-subj', '/CN=Issuer\u001b[2A\u202e', '-out', hostile],
  ])
  assert.equal(made.exitCode, 0, made.stderr)
  const { stderr } = await mayfly(['root', 'sign', hostile, '--root', table.root])
  assert.ok(stderr.includes('CN=Issuer\\u{1b}[2A\\u{202e}'), stderr)
  assert.ok(!stderr.includes('\u001b') && !stderr.includes('\u202e'))
})

test('root sign: another passphrase → passphrase-wrong, nothing is signed', async (context) => {
  const table = await layTable(context)
  await writeFile(join(table.folder, 'passphrase'), 'another passphrase\n')
  const finished = await table.sign()
  assert.deepEqual([finished.exitCode, codeOf(finished)], [7, 'passphrase-wrong'])
  await assertNothingSigned(table)
})

test('root sign: the key of another root in the folder → key-mismatch', async (context) => {
  const table = await layTable(context)
  const other = await encryptPrivateKey(
    await generateKeyPair('ec-p256'),
    Buffer.from(passphrase),
    systemRandom,
  )
  await writeFile(join(table.root, 'root-key.pem'), other)
  assert.equal(codeOf(await table.sign()), 'key-mismatch')
  await assertNothingSigned(table)
})

test('root sign: the certificate of another root in the folder → bundle-untrusted', async (context) => {
  const table = await layTable(context)
  const keyPair = await generateKeyPair('ec-p256')
  const other = await createRoot({ keyPair, commonName: 'Other', now: Date.now(), random: systemRandom })
  await writeFile(join(table.root, 'root.pem'), other.pem)
  assert.equal(codeOf(await table.sign()), 'bundle-untrusted')
})

test('root sign: a second time onto the same stick → file-exists; onto another → signed again', async (context) => {
  const table = await layTable(context)
  assert.equal((await table.sign()).exitCode, 0)
  const before = await readFile(join(table.stick, 'intermediate.pem'), 'utf8')
  assert.equal(codeOf(await table.sign()), 'file-exists')
  assert.equal(await readFile(join(table.stick, 'intermediate.pem'), 'utf8'), before)
  const other = join(table.folder, 'other-stick')
  const again = await table.sign(['--expect-fingerprint', table.fingerprint, '--out', other])
  assert.equal(again.exitCode, 0, again.stderr)
  assert.equal((await readdir(join(table.root, 'records'))).length, 3)
})

test('root sign: the record cannot be written → no certificate stays behind', async (context) => {
  const table = await layTable(context)
  await rm(join(table.root, 'records'), { recursive: true })
  await writeFile(join(table.root, 'records'), 'a file in the way')
  const finished = await table.sign()
  assert.equal(finished.exitCode, 4, finished.stderr)
  assert.deepEqual(await readdir(table.stick), ['request.pem'])
})
