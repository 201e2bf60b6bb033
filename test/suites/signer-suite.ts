import assert from 'node:assert/strict'
import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { describe, it } from 'node:test'
import { type KeyType, keyTypes, type Signer } from '@mayfly/ca-core'

/** What every `Signer` keeps; node:crypto, not Mayfly, judges the signatures. */
export function signerSuite(
  name: string,
  create: (keyType: KeyType) => Promise<Signer>,
  {
    types = keyTypes,
    skip = false,
  }: { readonly types?: readonly KeyType[]; readonly skip?: string | false } = {},
): void {
  describe(`Signer, ${name}`, { skip }, () => {
    for (const keyType of types) {
      it(`${keyType}: a message → a signature that its public key verifies`, async () => {
        const signer = await create(keyType)
        assert.equal(signer.keyType, keyType)
        const message = new TextEncoder().encode('signed once')
        const signature = await signer.sign(message)
        assert.ok(verifies(signer, message, signature))
        message[0] = 0
        assert.ok(!verifies(signer, message, signature))
      })
    }

    it('spki: the same key → the same bytes, and no private part', async () => {
      const signer = await create('ec-p256')
      const key = publicKeyOf(signer)
      assert.equal(key.type, 'public')
      assert.deepEqual(Buffer.from(key.export({ type: 'spki', format: 'der' })), Buffer.from(signer.spki))
      assert.doesNotMatch(JSON.stringify(signer), /PRIVATE KEY/)
    })
  })
}

function verifies(signer: Signer, message: Uint8Array, signature: Uint8Array): boolean {
  return verify(digestOf(signer.keyType), message, publicKeyOf(signer), signature)
}

function publicKeyOf(signer: Signer): KeyObject {
  return createPublicKey({ key: Buffer.from(signer.spki), format: 'der', type: 'spki' })
}

/** The digest of the algorithm of the key type: PKCS#1 v1.5 for RSA and DER for ECDSA are Node's defaults. */
function digestOf(keyType: KeyType): string | null {
  if (keyType === 'ec-p384') return 'sha384'
  return keyType === 'ec-p256' || keyType.startsWith('rsa-') ? 'sha256' : null
}
