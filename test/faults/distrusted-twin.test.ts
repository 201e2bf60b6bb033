import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { type Certificate, encodePem, type KeyType, parseCertificate, verifyChain } from '@mayfly/ca-core'
import { systemClock } from '@mayfly/platform'
import { parseDer } from '../../packages/ca-core/src/der/der-element.ts'
import {
  encodeBitString,
  encodeSequence,
  encodeUnsignedInteger,
} from '../../packages/ca-core/src/der/der-writer.ts'
import { twinFingerprint } from '../../packages/client/src/peers/signature-twin.ts'
import { createTestIssuer } from '../support/test-issuer.ts'

const orders = {
  'ec-p256': 2n ** 256n - 2n ** 224n + 2n ** 192n - 0x4319055258e8617b0c46353d039cdaafn,
  'ec-p384': 2n ** 384n - 0x389cb27e0bc8d220a7e5f24db74f58851313e695333ad68dn,
} as const

/** What a thief writes: the same certificate with the other signature that verifies. */
function forgeTwin({ tbs, signatureAlgorithm, signature }: Certificate, order: bigint): Certificate {
  const [r, s] = parseDer(signature).children
  assert.ok(r && s)
  const other = (order - BigInt(`0x${Buffer.from(s.content).toString('hex')}`)).toString(16)
  const magnitude = Buffer.from(other.padStart(other.length + (other.length % 2), '0'), 'hex')
  const twin = encodeSequence(r.encoded, encodeUnsignedInteger(magnitude))
  const der = encodeSequence(tbs, signatureAlgorithm, encodeBitString(twin))
  return parseCertificate(encodePem('CERTIFICATE', der))
}

for (const [keyType, order] of Object.entries(orders) as [KeyType, bigint][]) {
  test(`a distrusted intermediate written anew with the twin of its ${keyType} signature → distrusted all the same`, async () => {
    const { issue, bundle } = await createTestIssuer({ keyType })
    const [leaf, intermediate] = (await issue()).chain
    const [root] = bundle.roots
    assert.ok(leaf && intermediate && root)
    const forged = forgeTwin(intermediate, order)
    assert.notEqual(forged.fingerprint, intermediate.fingerprint)
    assert.ok(new X509Certificate(forged.pem).verify(new X509Certificate(root.pem).publicKey))

    const question = {
      chain: [leaf, forged],
      roots: [root],
      now: systemClock.now(),
      purpose: 'server',
    } as const
    assert.ok(verifyChain({ ...question, distrusted: [] }).ok)
    for (const distrusted of [[intermediate.fingerprint], [forged.fingerprint]]) {
      const verdict = verifyChain({ ...question, distrusted })
      assert.match(verdict.ok ? 'trusted' : verdict.reason, /distrusted by the trust bundle/)
    }
    assert.equal(twinFingerprint(forged.der), intermediate.fingerprint)
    assert.equal(twinFingerprint(intermediate.der), forged.fingerprint)
  })
}

test('a signature of which there is only one → no twin', async () => {
  const { issue } = await createTestIssuer({ keyType: 'ed25519' })
  const [, intermediate] = (await issue()).chain
  assert.equal(intermediate && twinFingerprint(intermediate.der), undefined)
})
