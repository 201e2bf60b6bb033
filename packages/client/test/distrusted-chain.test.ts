import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DetailedPeerCertificate } from 'node:tls'
import { parseDistrusted } from '../src/material/trust-bundle.ts'
import { refuseDistrusted } from '../src/peers/distrusted-chain.ts'

const stolen = 'ab'.repeat(32)

/** As Node shows a chain: each certificate with the one above, a root with itself. */
function chainOf(...fingerprints: readonly string[]): DetailedPeerCertificate {
  const links = fingerprints.map((fingerprint) => ({
    fingerprint256: (fingerprint.toUpperCase().match(/../g) ?? []).join(':'),
  })) as DetailedPeerCertificate[]
  links.forEach((link, index) => {
    link.issuerCertificate = links[index + 1] ?? link
  })
  return links[0] as DetailedPeerCertificate
}

test('distrusted comments of bundle.pem → the fingerprints; anything else there means nothing', () => {
  const text = `# distrusted: ${stolen}\n# made by hand\n# distrusted: AB\n-----BEGIN CERTIFICATE-----\n`
  assert.deepEqual(parseDistrusted(text), [stolen])
})

test('a chain through a distrusted intermediate → refused by name; any other → not', () => {
  const through = chainOf('01'.repeat(32), stolen, '02'.repeat(32))
  const error = refuseDistrusted(through, ['cd'.repeat(32), stolen])
  assert.equal(error?.code, 'peer-untrusted')
  assert.match(error?.message ?? '', new RegExp(`${stolen}, which the trust bundle distrusts`))
  assert.equal(refuseDistrusted(through, []), undefined)
  assert.equal(refuseDistrusted(through, ['cd'.repeat(32)]), undefined)
})

test('a chain that links round in a circle → looked at to its limit', () => {
  const first = chainOf('01'.repeat(32), '02'.repeat(32))
  first.issuerCertificate.issuerCertificate = first
  assert.equal(refuseDistrusted(first, [stolen]), undefined)
})
