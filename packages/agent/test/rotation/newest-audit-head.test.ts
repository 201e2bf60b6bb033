import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRoot, generateKeyPair, keySigner, signAuditHead } from '@mayfly/ca-core'
import { FakeRandom } from '../../../../test/fakes/fake-random.ts'
import { newestAuditHead } from '../../src/rotation/newest-audit-head.ts'

const now = Date.UTC(2026, 0, 15)

async function authority(name: string) {
  const keyPair = await generateKeyPair('ec-p256')
  const certificate = await createRoot({ keyPair, commonName: name, now, random: new FakeRandom(name) })
  const head = (number: number) =>
    signAuditHead(
      { number, hash: 'ab'.repeat(32), at: now, trustDomain: 'test.example' },
      { certificate, signer: keySigner(keyPair) },
    )
  return { certificate, head }
}

const ours = await authority('ours')
const other = await authority('other')
const five = await ours.head(5)

for (const [name, held, given, kept] of [
  ['the first', undefined, five, five],
  ['a newer one', five, await ours.head(6), 'given'],
  ['an older one, of a shortened history', five, await ours.head(4), five],
  ['none', five, undefined, five],
  ["another authority's", five, await other.head(9), five],
] as const) {
  test(`audit head kept by a host: ${name} → ${kept === 'given' || held === undefined ? 'kept' : 'the one held stays'}`, () => {
    assert.deepEqual(newestAuditHead(held, given, [ours.certificate]), kept === 'given' ? given : kept)
  })
}
