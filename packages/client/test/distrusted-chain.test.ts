import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { get } from 'node:https'
import { test } from 'node:test'
import type { PeerCertificate } from 'node:tls'
import {
  createTestIntermediate,
  createTestPki,
  createTestRoot,
  forgeIntermediate,
  type TestAuthority,
} from '../../../test/support/test-pki.ts'
import type { PinnedDispatcherOptions } from '../src/index.ts'
import { parseDistrusted } from '../src/material/trust-bundle.ts'
import { fingerprintOf, refuseDistrusted } from '../src/peers/distrusted-chain.ts'
import { createTestBench, type TestBench } from './support/test-bench.ts'

const sha256 = ({ pem }: TestAuthority): string => fingerprintOf(new X509Certificate(pem))

/** What comes of a request to a server that shows this chain, where the bundle distrusts that intermediate. */
async function answerOf(
  bench: TestBench,
  distrusted: TestAuthority,
  server: { readonly issuer: TestAuthority; readonly chain: readonly TestAuthority[] },
  options: PinnedDispatcherOptions = {},
): Promise<string> {
  const bundlePem = `# distrusted: ${sha256(distrusted)}\n${bench.pki.bundlePem}`
  const host = await bench.host('caller', { bundlePem, leaf: { issuer: bench.pki.root } })
  const leaf = await bench.pki.issue({ names: ['localhost'], issuer: server.issuer })
  const cert = [leaf.certificatePem, ...server.chain.map(({ pem }) => pem)].join('')
  const { url } = await bench.serveLeaf(leaf, { cert })
  const answer = await fetch(url, { dispatcher: host.identity.dispatcher(options) } as RequestInit).catch(
    (error: Error) => error,
  )
  return answer instanceof Error ? String((answer.cause as Error).message) : answer.text()
}

test('distrusted comments of bundle.pem → the fingerprints; anything else there means nothing', () => {
  const listed = 'ab'.repeat(32)
  const text = `# distrusted: ${listed}\n# made by hand\n# distrusted: AB\n-----BEGIN CERTIFICATE-----\n`
  assert.deepEqual(parseDistrusted(text), [listed])
})

test('a chain through a distrusted intermediate → refused by name; one through another → not', async (t) => {
  const bench = await createTestBench(t)
  const { intermediate, root } = bench.pki
  const other = await createTestIntermediate(root, 'Other Intermediate')
  const through = await answerOf(bench, intermediate, { issuer: intermediate, chain: [intermediate] })
  assert.match(through, new RegExp(`${sha256(intermediate)}, which the trust bundle distrusts`))
  assert.equal(await answerOf(bench, other, { issuer: intermediate, chain: [intermediate] }), 'hello')
  const withRoot = { issuer: intermediate, chain: [intermediate, root] }
  assert.equal(await answerOf(bench, other, withRoot), 'hello')
})

test('before the distrusted intermediate, another certificate with its name and key → refused', async (t) => {
  const bench = await createTestBench(t)
  const { intermediate, root } = bench.pki
  const forged = await forgeIntermediate(intermediate, root)
  const chain = [forged, intermediate]
  const answer = await answerOf(bench, intermediate, { issuer: intermediate, chain })
  assert.match(answer, /chain has a certificate "CN=Test Intermediate" that the next one did not sign/)
})

test('the same up to a root that the thief has written → refused', async (t) => {
  const bench = await createTestBench(t)
  const { intermediate, root } = bench.pki
  const falseRoot = await createTestRoot()
  const forged = await forgeIntermediate(intermediate, falseRoot, falseRoot)
  const chain = [forged, falseRoot, intermediate]
  const answer = await answerOf(bench, intermediate, { issuer: intermediate, chain })
  assert.notEqual(answer, 'hello')
  assert.equal(falseRoot.certificate.subject, root.certificate.subject)
})

test('a chain of more than eight certificates, the distrusted one at its end → refused as too long', async (t) => {
  const bench = await createTestBench(t)
  const { root } = bench.pki
  const chain: TestAuthority[] = []
  for (let depth = 0; depth < 9; depth++) {
    chain.unshift(await createTestIntermediate(chain[0] ?? root, `Intermediate ${depth}`, 9 - depth))
  }
  const [issuer, last] = [chain[0], chain.at(-1)]
  assert.ok(issuer && last)
  assert.match(await answerOf(bench, last, { issuer, chain }), /chain has more than 8 certificates/)
  const short = chain.slice(-3)
  assert.ok(short[0])
  const other = await createTestIntermediate(root, 'Other Intermediate')
  assert.equal(await answerOf(bench, other, { issuer: short[0], chain: short }), 'hello')
})

test('a caller under a distrusted intermediate behind a forged one → the server refuses it', async (t) => {
  const bench = await createTestBench(t)
  const { intermediate, root, bundlePem } = bench.pki
  const forged = await forgeIntermediate(intermediate, root)
  const distrusting = `# distrusted: ${sha256(intermediate)}\n${bundlePem}`
  const host = await bench.host('web-1', { bundlePem: distrusting, leaf: { issuer: root } })
  const { server, port } = await bench.serve(host, { allow: 'anyone-in-bundle' })
  const refused = once(server, 'refused')
  const thief = await bench.pki.issue({ names: ['billing'] })
  const cert = thief.certificatePem + forged.pem + intermediate.pem
  const asked = get({ port, host: 'localhost', ca: bundlePem, cert, key: thief.keyPem, agent: false })
  const [answer] = await once(asked, 'response')
  assert.equal(answer.statusCode, 403)
  const [error] = await refused
  assert.match(String(error), /did not sign/)
})

test('a chain that links round in a circle → looked at to its limit', async () => {
  const { intermediate, root } = await createTestPki()
  const shown = { raw: Buffer.from(intermediate.certificate.rawData) } as PeerCertificate & {
    issuerCertificate: PeerCertificate
  }
  shown.issuerCertificate = { raw: Buffer.from(root.certificate.rawData), issuerCertificate: shown } as never
  const rules = { distrusted: ['ab'.repeat(32)], rootFingerprints: new Set<string>() }
  assert.match(refuseDistrusted(shown, rules)?.message ?? '', /did not sign/)
  assert.equal(refuseDistrusted(shown, { ...rules, rootFingerprints: new Set([sha256(root)]) }), undefined)
  assert.match(refuseDistrusted(undefined, rules)?.message ?? '', /ends before a root/)
  assert.equal(refuseDistrusted(undefined, { ...rules, distrusted: [] }), undefined)
})
