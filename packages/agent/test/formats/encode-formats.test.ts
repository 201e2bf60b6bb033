import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { isMayflyError, parseCertificate, parseCertificateChain, parsePrivateKey } from '@mayfly/ca-core'
import { createTestIssuer } from '../../../../test/support/test-issuer.ts'
import { encodeFormats } from '../../src/formats/encode-formats.ts'
import { formatNames } from '../../src/formats/format-name.ts'
import type { GenerationFile } from '../../src/formats/generation-file.ts'

const run = promisify(execFile)
const issuer = await createTestIssuer()
const keystorePassword = new TextEncoder().encode('daisy & "clover" 7')
const folder = await mkdtemp(join(tmpdir(), 'mayfly-formats-'))
after(() => rm(folder, { recursive: true, force: true }))

function textOf(files: readonly GenerationFile[], name: string): string {
  return new TextDecoder().decode(contentOf(files, name))
}

function contentOf(files: readonly GenerationFile[], name: string): Uint8Array {
  const file = files.find((candidate) => candidate.name === name)
  assert.ok(file, `${name} is missing`)
  return file.content
}

test('formats: nothing asked for → the PEM set, whose only secret is the key', async () => {
  const material = await issuer.issue()
  const files = await encodeFormats(material, { formats: [] })
  assert.deepEqual(
    files.map(({ name, secret }) => [name, secret]),
    [
      ['cert.pem', false],
      ['chain.pem', false],
      ['fullchain.pem', false],
      ['key.pem', true],
      ['bundle.pem', false],
    ],
  )
  assert.equal(textOf(files, 'fullchain.pem'), textOf(files, 'cert.pem') + textOf(files, 'chain.pem'))
  assert.equal(parsePrivateKey(textOf(files, 'key.pem')).publicKey.hash, material.keyPair.publicKey.hash)
  assert.deepEqual(
    parseCertificateChain(textOf(files, 'bundle.pem')).map(({ fingerprint }) => fingerprint),
    material.bundle.roots.map(({ fingerprint }) => fingerprint),
  )
})

test('formats: combined and credential bundle → the key first, then the chain, in one file', async () => {
  const files = await encodeFormats(await issuer.issue(), { formats: ['combined', 'credential-bundle'] })
  for (const name of ['combined.pem', 'credential-bundle.pem']) {
    assert.equal(textOf(files, name), textOf(files, 'key.pem') + textOf(files, 'fullchain.pem'))
    assert.ok(files.find((file) => file.name === name)?.secret)
    assert.doesNotMatch(textOf(files, name), /\n\n/, 'HAProxy’s runtime socket ends a text at a blank line')
  }
})

test('formats: DER pair → read back, the same certificate and key', async () => {
  const material = await issuer.issue()
  const files = await encodeFormats(material, { formats: ['der'] })
  assert.equal(parseCertificate(contentOf(files, 'cert.der')).fingerprint, material.chain[0]?.fingerprint)
  assert.deepEqual(
    Buffer.from(contentOf(files, 'key.der')),
    material.keyPair.privateKey.export({ type: 'pkcs8', format: 'der' }),
  )
})

test('formats: the same material twice → the same bytes', async () => {
  const material = await issuer.issue()
  const request = { formats: formatNames, keystorePassword }
  assert.deepEqual(await encodeFormats(material, request), await encodeFormats(material, request))
})

test('formats: another key → other salts in the stores', async () => {
  const request = { formats: ['pkcs12'] as const, keystorePassword }
  const [one, two] = [
    await encodeFormats(await issuer.issue(), request),
    await encodeFormats(await issuer.issue(), request),
  ]
  assert.notDeepEqual(contentOf(one, 'truststore.p12'), contentOf(two, 'truststore.p12'))
})

test('formats: PKCS #12 without a password, or with one that Java reads differently → config-invalid', async () => {
  const material = await issuer.issue()
  const unusable = ['', 'gänseblümchen', 'two\nlines'].map((text) => ({
    keystorePassword: new TextEncoder().encode(text),
  }))
  for (const options of [{}, ...unusable]) {
    await assert.rejects(encodeFormats(material, { formats: ['pkcs12'], ...options }), (error) =>
      isMayflyError(error, 'config-invalid'),
    )
  }
})

test('formats: PKCS #12 with an ML-DSA key → key-type-unsupported', async () => {
  const material = await issuer.issue({ keyType: 'ml-dsa-44' })
  await assert.rejects(encodeFormats(material, { formats: ['pkcs12'], keystorePassword }), (error) =>
    isMayflyError(error, 'key-type-unsupported'),
  )
})

for (const keyType of ['ec-p256', 'ec-p384', 'ed25519', 'rsa-3072'] as const) {
  test(`PKCS #12: an ${keyType} key → openssl and keytool open both stores`, async () => {
    const material = await issuer.issue({ keyType })
    const files = await encodeFormats(material, { formats: ['pkcs12'], keystorePassword })
    const place = join(folder, keyType)
    await writeFile(`${place}.p12`, contentOf(files, 'keystore.p12'))
    await writeFile(`${place}-trust.p12`, contentOf(files, 'truststore.p12'))
    await writeFile(`${place}.pass`, keystorePassword)

    const key = await run('openssl', [
      'pkcs12',
      '-in',
      `${place}.p12`,
      '-passin',
      `file:${place}.pass`,
      '-nodes',
      '-nocerts',
    ])
    const pem = key.stdout.slice(key.stdout.indexOf('-----BEGIN'))
    assert.equal(parsePrivateKey(pem).publicKey.hash, material.keyPair.publicKey.hash)
    const info = await run('openssl', [
      'pkcs12',
      '-in',
      `${place}.p12`,
      '-passin',
      `file:${place}.pass`,
      '-info',
      '-noout',
    ])
    assert.match(info.stderr, /MAC: sha256/)
    assert.match(info.stderr, /PBES2, PBKDF2, AES-256-CBC, Iteration 10000, PRF hmacWithSHA256/)

    const store = await list(`${place}.p12`, `${place}.pass`)
    assert.match(store, /^Alias name: mayfly$[\s\S]*^Entry type: PrivateKeyEntry$/m)
    assert.match(store, /Certificate chain length: 2/)
    assert.match(
      await list(`${place}-trust.p12`, `${place}.pass`),
      /^Alias name: mayfly-root-1$[\s\S]*^Entry type: trustedCertEntry$/m,
    )
  })
}

/** Most of what a start of Java costs: compilers for programs that run for long, and collectors on every core. */
const quickJava = ['-J-XX:TieredStopAtLevel=1', '-J-XX:+UseSerialGC']

/** What Java sees: of each entry its alias and kind, and of a key its chain. */
async function list(store: string, passwordFile: string): Promise<string> {
  const options = ['-keystore', store, '-storetype', 'PKCS12', '-storepass:file', passwordFile]
  return (await run('keytool', [...quickJava, '-list', '-v', ...options])).stdout
}
