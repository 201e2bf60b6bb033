import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createTestPki, createTestRoot } from '../../../test/support/test-pki.ts'
import { openIdentity, openTrust, pinnedAgent, TrustError } from '../src/index.ts'
import { get } from './support/get.ts'
import { createTestBench } from './support/test-bench.ts'

const clientSource = new URL('../src/index.ts', import.meta.url).href

async function bundlePathWith(t: TestContext, text: string): Promise<string> {
  const bench = await createTestBench(t)
  const live = await bench.live(await bench.pki.issue({ names: ['web-1'] }), text)
  return join(live.path, 'bundle.pem')
}

async function assertRefused(t: TestContext, text: string, message: RegExp): Promise<void> {
  const bundle = await bundlePathWith(t, text)
  const error = { name: 'TrustError', code: 'bundle-invalid', message }
  await assert.rejects(openTrust(bundle), error)
  await assert.rejects(openIdentity(join(bundle, '..')), error)
  assert.throws(() => pinnedAgent({ bundle }), error)
}

test('bundle: no file → bundle-missing, with its path', async (t) => {
  const bundle = await bundlePathWith(t, '')
  await rm(bundle)
  await assert.rejects(openTrust(bundle), { code: 'bundle-missing', message: /0001\/bundle\.pem/ })
  assert.throws(() => pinnedAgent({ bundle }), { code: 'bundle-missing' })
})

test('a bundle emptied: the file is empty → bundle-invalid', (t) =>
  assertRefused(t, '', /holds no certificate/))
test('bundle: blank lines only → bundle-invalid', (t) => assertRefused(t, '\n\n', /holds no certificate/))
test('bundle: a comment only → bundle-invalid', (t) => assertRefused(t, '# roots\n', /holds no certificate/))
test('bundle: garbage → bundle-invalid', (t) => assertRefused(t, 'garbage', /something else/))

test('bundle: garbage after a good root → bundle-invalid', async (t) => {
  const { bundlePem } = await createTestPki()
  await assertRefused(t, `${bundlePem}garbage\n`, /something else/)
})

test('bundle: a root cut off in the middle → bundle-invalid', async (t) => {
  const { bundlePem } = await createTestPki()
  await assertRefused(t, bundlePem.slice(0, bundlePem.length / 2), /something else/)
})

test('bundle: a block that is not DER → bundle-invalid', async (t) => {
  const { bundlePem } = await createTestPki()
  const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
  await assertRefused(t, bundlePem + broken, /certificate 2 that cannot be read/)
})

test('bundle: a private key in it → bundle-invalid', async (t) => {
  const pki = await createTestPki()
  const { keyPem } = await pki.issue()
  await assertRefused(t, pki.bundlePem + keyPem, /something else/)
})

test('a non-CA certificate trusted as one: in the bundle → bundle-invalid', async (t) => {
  const pki = await createTestPki()
  const leaf = await pki.issue({ commonName: 'web-1', names: ['web-1'] })
  await assertRefused(t, pki.bundlePem + leaf.certificatePem, /certificate 2 that is not a CA \(CN=web-1\)/)
})

test('bundle: no root that is valid now → bundle-invalid', async (t) => {
  const old = await createTestRoot({
    rootNotBefore: new Date('2020-01-01T00:00:00Z'),
    rootNotAfter: new Date('2021-01-01T00:00:00Z'),
  })
  await assertRefused(t, old.pem, /no root that is valid now/)
})

test('bundle: comments and CRLF between roots → accepted', async (t) => {
  const [one, two] = [await createTestPki(), await createTestPki()]
  const text = `# first\n${one.bundlePem}\n# second\n${two.bundlePem}`.replaceAll('\n', '\r\n')
  const trust = await openTrust(await bundlePathWith(t, text))
  await trust.close()
})

test('pinnedAgent: bundle undefined, null or empty → TypeError or TrustError, never an agent', () => {
  for (const bundle of [undefined, null, '', []]) {
    assert.throws(
      () => pinnedAgent({ bundle } as never),
      (error) => error instanceof TypeError || error instanceof TrustError,
    )
  }
  assert.throws(() => pinnedAgent({ bundle: 'bundle.pem', cert: 'fullchain.pem' }), TypeError)
})

test("peer: under a root that only the machine trusts → refused, whatever Node's switches say", async (t) => {
  const { run } = await import('./support/run.ts')
  const bench = await createTestBench(t)
  const stranger = await createTestPki()
  const { url } = await bench.serveLeaf(await stranger.issue({ names: ['localhost'] }))
  const live = await bench.live(await bench.pki.issue({ names: ['billing'] }))
  const publicRoots = join(live.root, 'public-roots.pem')
  await writeFile(publicRoots, stranger.bundlePem)

  const program = `
    import https from 'node:https'
    import { openTrust, pinnedAgent } from ${JSON.stringify(clientSource)}
    const bundle = ${JSON.stringify(join(live.path, 'bundle.pem'))}
    const trust = await openTrust(bundle)
    const viaAgent = (agent) => new Promise((resolve) => {
      https.get(${JSON.stringify(url)}, { agent }, () => resolve('answered')).on('error', (error) => resolve(error.code))
    })
    console.log(JSON.stringify({
      plain: await fetch(${JSON.stringify(url)}).then((answer) => answer.status, (error) => error.cause.code),
      fetch: await trust.fetch(${JSON.stringify(url)}).then(() => 'answered', (error) => error.cause.code),
      httpsAgent: await viaAgent(trust.httpsAgent()),
      pinnedAgent: await viaAgent(pinnedAgent({ bundle })),
    }))
    process.exit()
  `
  const switches: [string[], NodeJS.ProcessEnv][] = [
    [[], { NODE_EXTRA_CA_CERTS: publicRoots }],
    [['--use-system-ca'], { SSL_CERT_FILE: publicRoots }],
    [['--use-openssl-ca'], { SSL_CERT_FILE: publicRoots }],
    [[], { NODE_TLS_REJECT_UNAUTHORIZED: '0' }],
  ]
  for (const [flags, env] of switches) {
    const args = ['-C', 'source', ...flags, '--input-type=module', '-e', program]
    const { stdout, stderr } = await run(process.execPath, args, env)
    const refused = { fetch: 'peer-untrusted', httpsAgent: 'peer-untrusted', pinnedAgent: 'peer-untrusted' }
    assert.deepEqual(
      JSON.parse(stdout),
      { plain: 200, ...refused },
      `${flags} ${JSON.stringify(env)} ${stderr}`,
    )
  }
})

test('peer: under the bundle → answered, by all three ways to open', async (t) => {
  const bench = await createTestBench(t)
  const { url } = await bench.serveLeaf(await bench.pki.issue({ names: ['localhost'] }))
  const live = await bench.live(await bench.pki.issue({ names: ['billing'] }))
  const bundle = join(live.path, 'bundle.pem')
  const [cert, key] = [join(live.path, 'fullchain.pem'), join(live.path, 'key.pem')]
  const [trust, identity] = [await openTrust(bundle), await openIdentity(live.path)]
  const agents = [
    trust.httpsAgent(),
    identity.httpsAgent(),
    pinnedAgent({ bundle }),
    pinnedAgent({ bundle, cert, key }),
  ]
  for (const agent of agents) {
    assert.equal((await get(url, { agent })).body, 'hello')
    agent.destroy()
  }
  await Promise.all([trust.close(), identity.close()])
})
