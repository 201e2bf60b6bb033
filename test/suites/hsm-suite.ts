import assert from 'node:assert/strict'
import { verify } from 'node:crypto'
import { describe, it } from 'node:test'
import { type Hsm, readPublicKey } from '@mayfly/ca-core'

let drawn = 0

/** An id that no other test has. */
function nextId(): Uint8Array {
  drawn += 1
  // An octet that is no text, and one that must be escaped in a URI.
  return Uint8Array.of(0xfe, 0x3b, drawn)
}

/** What every `Hsm` keeps. */
export function hsmSuite(name: string, open: () => Hsm, options: { readonly skip: string | false }): void {
  describe(`Hsm, ${name}`, options, () => {
    it('makeKey, findKey: → the same key by its URI, whose signatures verify', async () => {
      const hsm = open()
      const id = nextId()
      const made = await hsm.makeKey({ keyType: 'ec-p256', id, label: 'one' })
      assert.equal(made.uri, await hsm.uriOf(id))
      const found = (await hsm.findKey(made.uri)) ?? assert.fail('the key is gone')
      assert.equal(found.uri, made.uri)
      assert.deepEqual(Buffer.from(found.signer.spki), Buffer.from(made.signer.spki))
      assert.equal(found.signer.fault?.(), undefined)
      const message = Buffer.from('signed twice')
      for (const { signer } of [made, found]) {
        const signature = await signer.sign(message)
        assert.ok(verify('sha256', message, readPublicKey(signer.spki).key, signature))
      }
    })

    it('findKey: no such key → undefined', async () => {
      const hsm = open()
      assert.equal(await hsm.findKey(await hsm.uriOf(nextId())), undefined)
    })

    it('destroyKey: → the key is gone, another is not; again → no harm', async () => {
      const hsm = open()
      const gone = await hsm.makeKey({ keyType: 'ec-p256', id: nextId(), label: 'gone' })
      const kept = await hsm.makeKey({ keyType: 'ec-p256', id: nextId(), label: 'kept' })
      await hsm.destroyKey(gone.uri)
      await hsm.destroyKey(gone.uri)
      assert.equal(await hsm.findKey(gone.uri), undefined)
      assert.notEqual(await hsm.findKey(kept.uri), undefined)
    })

    it('makeKey: a type that it does not know → key-type-unsupported', async () => {
      const order = { keyType: 'ml-dsa-65', id: nextId(), label: 'none' } as const
      await assert.rejects(open().makeKey(order), { code: 'key-type-unsupported' })
    })
  })
}
