import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateKeyPair, type ProfileName, parseNameRange } from '../../src/index.ts'
import { issueLeaf, makeHierarchy, testNow } from '../support/hierarchy.ts'
import { openssl, opensslKeyTypes } from '../support/openssl.ts'

const opensslPurposes: Readonly<Record<ProfileName, readonly string[]>> = {
  server: ['sslserver'],
  client: ['sslclient'],
  peer: ['sslserver', 'sslclient'],
}

for (const type of opensslKeyTypes) {
  test(`${type}: openssl verify -x509_strict accepts every profile, root and intermediate`, async () => {
    const { root, intermediate, authority } = await makeHierarchy({ rootType: type, intermediateType: type })
    const keyPair = await generateKeyPair(type)
    for (const [profile, purposes] of Object.entries(opensslPurposes)) {
      const names = [
        'web-1.example',
        '*.web.example',
        '192.0.2.1',
        '2001:db8::1',
        'spiffe://corp.example/web',
      ]
      for (const list of [names, [`${'a'.repeat(60)}.example`]]) {
        const leaf = await issueLeaf(authority, { profile: profile as ProfileName, names: list, keyPair })
        const files = { root: root.pem, intermediate: intermediate.pem, leaf: leaf.pem }
        for (const purpose of purposes) {
          const at = ['-attime', String(testNow / 1000), '-x509_strict', '-check_ss_sig', '-auth_level', '2']
          const chain = ['-no-CApath', '-no-CAstore', '-CAfile', 'root', '-untrusted', 'intermediate']
          assert.match(openssl(['verify', ...at, ...chain, '-purpose', purpose, 'leaf'], files), /leaf: OK/)
        }
      }
    }
  })
}

test('openssl verify: a leaf without a DNS name under an intermediate that permits DNS names → OK', async () => {
  const permitted = ['dns:corp.example', 'ip:10.0.0.0/8', 'email:corp.example'].map(parseNameRange)
  const { root, intermediate, authority } = await makeHierarchy({
    nameConstraints: { permitted, excluded: [] },
  })
  const at = [
    '-attime',
    String(testNow / 1000),
    '-x509_strict',
    '-CAfile',
    'root',
    '-untrusted',
    'intermediate',
  ]
  for (const name of ['10.1.0.7', 'ann@corp.example', 'spiffe://corp.example/web']) {
    const leaf = await issueLeaf(authority, { names: [name] })
    const files = { root: root.pem, intermediate: intermediate.pem, leaf: leaf.pem }
    assert.match(openssl(['verify', ...at, 'leaf'], files), /leaf: OK/)
  }
})

test('openssl verify: a server leaf for the purpose of a client → refused', async () => {
  const { root, intermediate, authority } = await makeHierarchy()
  const leaf = await issueLeaf(authority, { profile: 'server' })
  const files = { root: root.pem, intermediate: intermediate.pem, leaf: leaf.pem }
  const args = ['verify', '-attime', String(testNow / 1000), '-CAfile', 'root', '-untrusted', 'intermediate']
  assert.throws(
    () => openssl([...args, '-purpose', 'sslclient', 'leaf'], files),
    /unsuitable certificate purpose|unsupported certificate purpose/,
  )
})

test('openssl: a mixed hierarchy (P-384 root, RSA intermediate, Ed25519 leaf) → OK', async () => {
  const { root, intermediate, authority } = await makeHierarchy({
    rootType: 'ec-p384',
    intermediateType: 'rsa-3072',
  })
  const leaf = await issueLeaf(authority, { keyPair: await generateKeyPair('ed25519') })
  const files = { root: root.pem, intermediate: intermediate.pem, leaf: leaf.pem }
  const args = [
    'verify',
    '-x509_strict',
    '-attime',
    String(testNow / 1000),
    '-CAfile',
    'root',
    '-untrusted',
    'intermediate',
  ]
  assert.match(openssl([...args, 'leaf'], files), /OK/)
})
