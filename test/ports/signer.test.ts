import assert from 'node:assert/strict'
import { it } from 'node:test'
import { generateKeyPair, type KeyType, keySigner, type Signer } from '@mayfly/ca-core'
import { FakeSigner } from '../fakes/fake-signer.ts'
import { signerSuite } from '../suites/signer-suite.ts'

async function inMemory(keyType: KeyType): Promise<Signer> {
  return keySigner(await generateKeyPair(keyType))
}

signerSuite('a key in memory', inMemory)
signerSuite('a fake that answers later', async (keyType) => new FakeSigner(await inMemory(keyType)))

it('FakeSigner: while it fails → its failure and no signature; afterwards → it signs again', async () => {
  const signer = new FakeSigner(await inMemory('ec-p256'))
  signer.failure = new Error('the token was pulled out')
  await assert.rejects(signer.sign(new Uint8Array(1)), /pulled out/)
  signer.failure = undefined
  await signer.sign(new Uint8Array(1))
  assert.equal(signer.signatures, 1)
})
