import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  decodeBase64url,
  encodePrivateKey,
  generateKeyPair,
  parseCertificateRequest,
  parseNames,
} from '@mayfly/ca-core'
import { csrOf } from '../../../src/rotation/actions/csr-of.ts'
import type { StagedKey } from '../../../src/state/staged-key.ts'

const names = parseNames(['dns:web-1.example'])

async function stagedKey(): Promise<StagedKey> {
  const keyPair = await generateKeyPair('ec-p256')
  const { hash: keyHash } = keyPair.publicKey
  return { keyPem: encodePrivateKey(keyPair), keyHash, madeAt: 0, immediate: false, refusals: 0 }
}

describe('the request for a staged key', () => {
  test('asked for again → the very same one, signed once', async () => {
    const staged = await stagedKey()
    assert.equal(await csrOf(staged, names), await csrOf(staged, parseNames(['dns:web-1.example'])))
  })

  test('the names of the configuration changed → another one, with these', async () => {
    const staged = await stagedKey()
    assert.deepEqual(parseCertificateRequest(decodeBase64url(await csrOf(staged, undefined))).names, [])
    const changed = parseCertificateRequest(decodeBase64url(await csrOf(staged, names)))
    assert.deepEqual(changed.names, names)
    assert.equal(changed.publicKey.hash, staged.keyHash)
  })
})
