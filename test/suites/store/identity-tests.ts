import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { IdentityRecord } from '../../../packages/issuer-daemon/src/store/identity-record.ts'
import type { StoreBench } from './store-bench.ts'
import { bytes, day, found, hash, namesOf, report, serial, stagedKey, start } from './store-records.ts'

/** Identities, what is due of them, and the tokens that let hosts in. */
export function identityTests(bench: StoreBench): void {
  describe('identities', () => {
    it('move: every field comes back as it was written, and the version grows', async () => {
      const identity = await bench.addIdentity()
      const next: IdentityRecord = {
        ...identity,
        names: ['dns:web-1.example', 'uri:spiffe://example/web-1'],
        profile: 'peer',
        lineagesBegun: 3,
        joinedByTokenOf: start,
        lineage: {
          number: 3,
          headGeneration: 7,
          headSince: start,
          newestGeneration: 9,
          asked: { keyHash: hash('spki'), replaces: [hash('given up')], at: start },
        },
        staged: {
          spki: bytes('spki'),
          keyHash: hash('spki'),
          parentGeneration: 7,
          stagedAt: start,
          mintAt: start + 5,
        },
        newest: { serial: serial(9), generation: 9, notAfter: start + day },
        seen: { at: start, address: '192.0.2.1', report },
        suspension: { at: start, because: 'lineage-conflict', addresses: ['192.0.2.1', '2001:db8::1'] },
        quota: { day: 20_000, count: 4 },
      }
      assert.equal(await bench.apply({ do: 'move-identity', next }), 'done')
      assert.deepEqual(await bench.store.identity({ id: identity.id }), {
        ...next,
        version: identity.version + 1,
      })
    })

    it('move: its name and its beginning stay as they are', async () => {
      const identity = await bench.addIdentity()
      const next = { ...identity, name: 'web-2', createdAt: start + day }
      assert.equal(await bench.apply({ do: 'move-identity', next }), 'done')
      const moved = { ...identity, version: identity.version + 1 }
      assert.deepEqual(await bench.store.identity({ id: identity.id }), moved)
      assert.deepEqual(await bench.store.identity({ name: 'web-1' }), moved)
    })

    it('move: decided on an older version → refused', async () => {
      const next = await bench.addIdentity()
      assert.equal(await bench.apply({ do: 'move-identity', next }), 'done')
      assert.equal(await bench.apply({ do: 'move-identity', next }), 'identity-moved')
    })

    it('pages by name, and by suspension', async () => {
      for (const name of ['c', 'a', 'b']) await bench.addIdentity(name)
      const next: IdentityRecord = {
        ...found(await bench.store.identity({ name: 'b' })),
        suspension: { at: start, because: 'operator', addresses: [], by: 'web-team' },
      }
      await bench.apply({ do: 'move-identity', next })
      assert.deepEqual(namesOf(await bench.store.identities({ limit: 2 })), ['a', 'b'])
      assert.deepEqual(namesOf(await bench.store.identities({ afterName: 'b', limit: 2 })), ['c'])
      const suspended = await bench.store.identities({ suspended: true, limit: 2 })
      assert.deepEqual(
        suspended.map(({ name, suspension }) => ({ name, suspension })),
        [{ name: 'b', suspension: next.suspension }],
      )
    })

    it('unknown → undefined', async () => {
      assert.equal(await bench.store.identity({ name: 'nobody' }), undefined)
      assert.equal(await bench.store.identity({ id: 4_711 }), undefined)
    })
  })

  describe('claimDue', () => {
    it('due and staged only, by time, page by page', async () => {
      for (const [name, mintAt] of [
        ['late', 30],
        ['early', 10],
        ['middle', 20],
        ['future', 90],
      ] as const) {
        const identity = await bench.addIdentity(name)
        await bench.apply({
          do: 'move-identity',
          next: { ...identity, staged: stagedKey(name, start + mintAt) },
        })
      }
      await bench.addIdentity('nothing-staged')
      const first = await bench.store.claimDue({ until: start + 30, limit: 2 })
      assert.deepEqual(namesOf(first), ['early', 'middle'])
      const last = found(first.at(-1))
      const after = { mintAt: start + 20, id: last.id }
      assert.deepEqual(namesOf(await bench.store.claimDue({ until: start + 30, limit: 2, after })), ['late'])
    })
  })

  describe('tokens', () => {
    const token = { jti: 'token-1', identity: 'web-1', createdAt: start, expiresAt: start + 900_000 }

    it('used for one key only, as often as that key likes', async () => {
      await bench.addIdentity()
      await bench.apply({ do: 'add-token', token })
      const use = { do: 'use-token', jti: 'token-1', keyHash: hash('key 1'), at: start + 1 } as const
      assert.equal(await bench.apply(use), 'done')
      assert.equal(await bench.apply({ ...use, at: start + 2 }), 'done')
      assert.equal(await bench.apply({ ...use, keyHash: hash('key 2') }), 'token-taken')
      assert.deepEqual(await bench.store.token('token-1'), {
        ...token,
        use: { at: start + 1, keyHash: hash('key 1') },
      })
    })

    it('revoked or unknown → lets nobody in', async () => {
      await bench.addIdentity()
      await bench.apply({ do: 'add-token', token })
      assert.equal(await bench.apply({ do: 'revoke-token', jti: 'token-1', at: start + 1 }), 'done')
      assert.equal(await bench.apply({ do: 'revoke-token', jti: 'token-1', at: start + 2 }), 'done')
      assert.equal((await bench.store.token('token-1'))?.revokedAt, start + 1)
      const use = { do: 'use-token', keyHash: hash('key 1'), at: start } as const
      assert.equal(await bench.apply({ ...use, jti: 'token-1' }), 'token-taken')
      assert.equal(await bench.apply({ ...use, jti: 'token-2' }), 'token-taken')
      assert.equal(await bench.apply({ do: 'revoke-token', jti: 'token-2', at: start }), 'token-taken')
    })

    it('pages, newest first', async () => {
      await bench.addIdentity()
      for (const number of [1, 2, 3]) {
        await bench.apply({
          do: 'add-token',
          token: { ...token, jti: `token-${number}`, createdAt: start + number },
        })
      }
      const page = await bench.store.tokens({ limit: 2 })
      assert.deepEqual(
        page.map(({ jti }) => jti),
        ['token-3', 'token-2'],
      )
      const [rest] = await bench.store.tokens({ limit: 2, before: found(page.at(-1)) })
      assert.equal(rest?.jti, 'token-1')
    })
  })
}
