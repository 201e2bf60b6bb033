import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { formatInstant, hourMs, minuteMs } from '@mayfly/ca-core'
import {
  audit,
  day,
  found,
  hash,
  newIdentity,
  pruneNothing,
  stagedKey,
  start,
} from '../../../../test/suites/store/store-records.ts'
import { withStore } from '../../../../test/support/with-store.ts'
import { backUpStore } from '../../src/backup/back-up-store.ts'
import { backupNote, restoredNote } from '../../src/backup/restore-notes.ts'
import { type RestoredStore, restoreStore } from '../../src/backup/restore-store.ts'
import type { Change, ChangePart } from '../../src/store/change.ts'
import type { IdentityRecord } from '../../src/store/identity-record.ts'
import type { Store } from '../../src/store/store.ts'

/** More than are read at once. */
const many = 1_100
const now = start + hourMs
const tainted = hash('intermediate')

describe('a restored store', () => {
  let folder: string
  let path: string
  let backup: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mayfly-restored-'))
    path = join(folder, 'store.sqlite')
    backup = join(folder, 'backup')
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const opened = <Result>(use: (store: Store) => Promise<Result>) => withStore(path, use)

  const apply = (...parts: ChangePart[]) => opened((store) => store.commit([{ at: start, parts }]))
  const applyEach = (parts: readonly ChangePart[]) =>
    opened((store) => store.commit(parts.map((part): Change => ({ at: start, parts: [part] }))))
  const back = () => backUpStore({ store: path, out: backup, now: start + minuteMs })
  const restore = (options: { acceptForgotten?: boolean; backup?: string } = {}): Promise<RestoredStore> =>
    restoreStore({
      ...{ backup, store: path, now, acceptForgotten: false, trace: { step: () => undefined } },
      ...options,
    })

  const numbered = (name: string) => Array.from({ length: many }, (_, index) => `${name}-${1_000 + index}`)
  const identityOf = (name: string) => opened(async (store) => found(await store.identity({ name })))

  async function move(name: string, change: Partial<IdentityRecord>): Promise<void> {
    await apply({ do: 'move-identity', next: { ...(await identityOf(name)), ...change } })
  }

  it('a backup in which somebody put what acts on every change → refused, with its name', async () => {
    await apply(audit('one'))
    await back()
    for (const [name, sql] of [
      ['helpful', 'CREATE TRIGGER helpful AFTER UPDATE ON identity BEGIN DELETE FROM note; END'],
      ['identity_view', 'CREATE VIEW identity_view AS SELECT * FROM identity'],
      // As an editor of the file would name it, so that it looks like SQLite's own.
      [
        'sqlite_helpful',
        `PRAGMA writable_schema = ON;
         INSERT INTO sqlite_schema VALUES ('trigger', 'sqlite_helpful', 'identity', 0,
           'CREATE TRIGGER sqlite_helpful AFTER UPDATE ON identity BEGIN DELETE FROM note; END')`,
      ],
    ] as const) {
      const evil = join(folder, name)
      copyFileSync(backup, evil)
      const database = new DatabaseSync(evil, { defensive: false })
      database.exec(sql)
      database.close()
      await assert.rejects(restore({ backup: evil }), {
        code: 'store-invalid',
        message: new RegExp(`^${evil} .*\\b${name}\\b`),
      })
    }
    await restore()
  })

  it('an intermediate was tainted since → tainted still', async () => {
    await apply({ do: 'add-identity', identity: newIdentity('web-1') })
    await back()
    await apply({ do: 'taint', fingerprint: tainted, at: start + 1 })
    await restore()
    assert.deepEqual(await opened((store) => store.taints()), [{ fingerprint: tainted, at: start + 1 }])
  })

  it('is no backup itself, and says of when it is', async () => {
    await apply(audit('one'))
    const { at } = await back()
    const { backupAt, restoredAt } = await restore()
    assert.deepEqual([backupAt, restoredAt], [at, formatInstant(now)])
    const [own, restored] = await opened((store) =>
      Promise.all([backupNote, restoredNote].map((name) => store.note(name))),
    )
    assert.equal(own, undefined)
    assert.deepEqual(JSON.parse(restored ?? ''), { backupAt, restoredAt })
  })

  it('of a fleet larger than a page: the last was suspended since, and each has a key that waits and an open token', async () => {
    const names = numbered('web')
    const last = names.at(-1) ?? ''
    await applyEach(names.map((name) => ({ do: 'add-identity', identity: newIdentity(name) })))
    const identities = await opened((store) => store.identities({ limit: 10_000 }))
    await applyEach(
      identities.map((identity) => ({
        do: 'move-identity',
        next: { ...identity, staged: stagedKey(identity.name, start + day) },
      })),
    )
    const token = { identity: last, createdAt: start, expiresAt: now + 1 }
    await applyEach(numbered('token').map((jti) => ({ do: 'add-token', token: { ...token, jti } })))
    await back()
    const suspension = { at: start, because: 'operator', addresses: [] } as const
    await move(last, { suspension })
    const { revokedTokens, unstagedKeys, keptSuspended } = await restore()
    assert.deepEqual([revokedTokens, unstagedKeys, keptSuspended], [many, many, [last]])
    assert.equal((await opened((store) => store.counts(now))).staged, 0)
    assert.deepEqual((await identityOf(last)).suspension, suspension)
  })

  it('tokens that nobody could use any more → not counted among those that were revoked', async () => {
    await apply({ do: 'add-identity', identity: newIdentity('web-1') })
    const token = { identity: 'web-1', createdAt: start, expiresAt: now + 1 }
    const tokens = [
      { ...token, jti: 'open' },
      { ...token, jti: 'revoked' },
      { ...token, jti: 'used' },
      { ...token, jti: 'expired', expiresAt: now },
    ]
    await applyEach([
      ...tokens.map((one): ChangePart => ({ do: 'add-token', token: one })),
      { do: 'revoke-token', jti: 'revoked', at: start },
      { do: 'use-token', jti: 'used', keyHash: hash('key'), at: start },
    ])
    await back()
    assert.equal((await restore()).revokedTokens, 1)
  })

  describe('whose audit', () => {
    it('was altered in the backup, behind the first page → refused, with the record; the store stays', async () => {
      await applyEach(numbered('request').map(audit))
      await back()
      const forged = join(folder, 'forged')
      copyFileSync(backup, forged)
      const database = new DatabaseSync(forged)
      database.exec(`UPDATE audit SET text = replace(text, 'request-2049', 'request-9402')`)
      database.close()
      await assert.rejects(restore({ backup: forged }), {
        code: 'store-invalid',
        message: 'The audit in the backup is broken at record 1050.',
      })
      assert.equal((await opened((store) => store.auditEnd())).number, many)
      await restore()
    })

    it('was pruned → restored all the same', async () => {
      await apply(audit('one'), audit('two'))
      await opened(async (store) => {
        assert.equal(await store.packAudit(start + day), 2)
        assert.equal(await store.prune({ ...pruneNothing, auditBefore: start + 1 }), 1)
      })
      await apply(audit('three'))
      await back()
      await restore()
      assert.equal((await opened((store) => store.auditEnd())).number, 4)
    })
  })
})
